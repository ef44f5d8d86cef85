//! How the connections of live resets ended: what each tells the next one of the same service, as siblings do in a capture.

use alloc::boxed::Box;

use crate::connection::Roles;
use crate::outcome::{Basis, Outcome};
use crate::siblings::{Book, Death, Heard};

/// What live resets, one after the other, leave behind for those that follow: of the other connections to a service only
/// those that were reset too are known, so nothing is said of who survived.
///
/// As many services as a capture has are remembered; beyond that all are forgotten, and it begins anew.
#[derive(Debug, Default)]
pub struct Deaths {
    book: Book,
}

impl Deaths {
    /// Remembers how `outcome` ended, and tells it of those that ended before.
    pub fn note(&mut self, outcome: &mut Outcome) {
        let connection = outcome.connection();
        let (server, known) = (connection.endpoint(connection.server()), connection.roles == Roles::Seen);
        let Some(rst) = outcome.rst().filter(|_| known && outcome.basis() == Basis::Sockets) else { return };
        let own = Death::of(connection, outcome.before(), rst, Heard::default());
        if self.book.is_full() {
            self.book = Book::default();
        }
        self.book.died(server, own);
        outcome.incarnation_mut().siblings = self.book.of(server, &own).map(Box::new);
    }
}

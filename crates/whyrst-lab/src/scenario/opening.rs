//! How most stories begin: the client is connected and the server has accepted it.

use super::{Action, CLIENT, Host, SERVER, Step};

/// The port of the service in these stories.
const PORT: u16 = 8888;

/// The server listens, the client connects, the server accepts.
pub(crate) const OPENED: [Step; 3] = [
    SERVER.does(Action::Listen { port: PORT }),
    CLIENT.does(Action::Connect { to: Host::Server, port: PORT }),
    SERVER.does(Action::Accept),
];

/// An array of steps in which `opened()` stands for those of [`OPENED`].
///
/// It takes one step after the other from the right of the `;`, because an array cannot be joined to
/// another in a constant without its length being said.
macro_rules! steps {
    ([$($done:expr,)*];) => { [$($done),*] };
    ([$($done:expr,)*]; opened() $(, $($rest:tt)*)?) => {
        $crate::scenario::steps!(
            [$($done,)* $crate::scenario::OPENED[0], $crate::scenario::OPENED[1], $crate::scenario::OPENED[2],];
            $($($rest)*)?
        )
    };
    ([$($done:expr,)*]; $step:expr $(, $($rest:tt)*)?) => {
        $crate::scenario::steps!([$($done,)* $step,]; $($($rest)*)?)
    };
    ($($steps:tt)*) => { $crate::scenario::steps!([]; $($steps)*) };
}

pub(crate) use steps;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opened_stands_for_three_steps_wherever_it_is() {
        let steps = steps![SERVER.does(Action::LingerZero), opened(), CLIENT.does(Action::Close)];
        let words = steps.map(|step| format!("{} {:?}", step.actor.name, step.action));
        assert_eq!(
            words,
            [
                "server LingerZero",
                "server Listen { port: 8888 }",
                "client Connect { to: Server, port: 8888 }",
                "server Accept",
                "client Close",
            ]
        );
        assert_eq!(steps![opened()].len(), 3);
    }
}

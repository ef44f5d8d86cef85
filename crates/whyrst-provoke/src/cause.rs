//! The causes that a proxy can make happen, by the ids of the catalogue.

use std::fmt;
use std::str::FromStr;

/// A cause of the catalogue that sockets can make.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Cause {
    /// `close` with the client's data unread.
    CloseUnread,
    /// `SO_LINGER {1, 0}`, then `close`, with everything read.
    LingerZero,
    /// A process that holds the connection is killed with data unread.
    ExitUnread,
    /// An answer before the request was read, then `close`.
    EarlyAnswer,
    /// `close` after an answer; what the client says next is reset.
    DataAfterClose,
    /// The same, of a connection that lay in a pool.
    StaleConnection,
    /// The connection is silent for so long, and is aborted.
    AppIdleTimeout,
    /// The connection vanishes without a packet, as in a power cut (`TCP_REPAIR`).
    HalfOpenListener,
    /// Nobody listens on the port for a while.
    ClosedPort,
    /// The listener is closed with connections in its queue.
    ListenerClosePending,
}

/// When a cause strikes, once it is due.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Moment {
    /// When the client says something.
    Request,
    /// When an answer has been given and nothing moves.
    Between,
    /// When nothing has moved for so long.
    Silence,
    /// It concerns the port, not a connection.
    Port,
}

impl Cause {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::CloseUnread,
        Self::LingerZero,
        Self::ExitUnread,
        Self::EarlyAnswer,
        Self::DataAfterClose,
        Self::StaleConnection,
        Self::AppIdleTimeout,
        Self::HalfOpenListener,
        Self::ClosedPort,
        Self::ListenerClosePending,
    ];

    /// Its id in the catalogue.
    pub const fn id(self) -> &'static str {
        match self {
            Self::CloseUnread => "close-unread",
            Self::LingerZero => "linger-zero",
            Self::ExitUnread => "exit-unread",
            Self::EarlyAnswer => "early-answer",
            Self::DataAfterClose => "data-after-close",
            Self::StaleConnection => "stale-connection",
            Self::AppIdleTimeout => "app-idle-timeout",
            Self::HalfOpenListener => "half-open-listener",
            Self::ClosedPort => "closed-port",
            Self::ListenerClosePending => "listener-close-pending",
        }
    }

    /// When it strikes.
    pub const fn moment(self) -> Moment {
        match self {
            Self::CloseUnread | Self::LingerZero | Self::ExitUnread | Self::EarlyAnswer => Moment::Request,
            Self::DataAfterClose | Self::StaleConnection | Self::HalfOpenListener => Moment::Between,
            Self::AppIdleTimeout => Moment::Silence,
            Self::ClosedPort | Self::ListenerClosePending => Moment::Port,
        }
    }

    /// Whether what it does resets nothing yet: only who speaks or connects afterwards meets a RST.
    pub const fn waits_for_the_client(self) -> bool {
        matches!(self, Self::DataAfterClose | Self::StaleConnection | Self::HalfOpenListener | Self::ClosedPort)
    }

    /// What it does, in a few words.
    pub const fn does(self) -> &'static str {
        match self {
            Self::CloseUnread => "leaves the request unread and closes",
            Self::LingerZero => "reads the request and closes with SO_LINGER {1, 0}",
            Self::ExitUnread => "leaves the request unread in a process that is killed",
            Self::EarlyAnswer => "answers 413 before it has read the request, and closes",
            Self::DataAfterClose => "closes after an answer; the next request is reset",
            Self::StaleConnection => "closes after an answer, as a server does with an idle connection of a pool",
            Self::AppIdleTimeout => "aborts a connection that was silent for so long",
            Self::HalfOpenListener => "forgets the connection without a packet; the next request is reset",
            Self::ClosedPort => "stops listening for a while",
            Self::ListenerClosePending => "closes the listener with connections in its queue, and listens again",
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.id())
    }
}

/// No cause that can be provoked has that name.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{}", self.text())]
pub struct UnknownCause {
    /// What was asked for.
    pub name: String,
}

/// What cannot be provoked on one host, and why.
const BEYOND: [(&str, &str); 2] = [
    (
        "keepalive-race",
        "the request must cross the FIN on the wire, which takes a network; stale-connection is the same close with the \
         request a little later",
    ),
    ("connect-abandoned", "the client gives up a connect of its own accord"),
];

impl UnknownCause {
    fn text(&self) -> String {
        let name: String = self.name.chars().take(60).flat_map(char::escape_debug).collect();
        if let Some((_, why)) = BEYOND.iter().find(|(id, _)| *id == self.name) {
            return format!("{name} cannot be provoked: {why}");
        }
        let ids = Cause::ALL.map(Cause::id);
        let near =
            ids.iter().min_by_key(|id| differences(&self.name, id)).filter(|id| differences(&self.name, id) <= 4);
        let known = ids.join(", ");
        match near {
            Some(near) => format!("cannot provoke \"{name}\": did you mean {near}? (known are: {known})"),
            None => format!("cannot provoke \"{name}\": known are {known}"),
        }
    }
}

impl FromStr for Cause {
    type Err = UnknownCause;

    fn from_str(name: &str) -> Result<Self, UnknownCause> {
        // What other programs and people call the same.
        let name = match name {
            "refused" => "closed-port",
            "idle-timeout" => "app-idle-timeout",
            "half-open" => "half-open-listener",
            "backlog" => "listener-close-pending",
            "exit" => "exit-unread",
            other => other,
        };
        let known = Self::ALL.into_iter().find(|cause| cause.id() == name);
        known.ok_or_else(|| UnknownCause { name: name.to_owned() })
    }
}

/// Changes of one character that make one word of the other (Levenshtein). Long words are cut: they are far from all.
fn differences(one: &str, other: &str) -> usize {
    let one: Vec<char> = one.chars().take(40).collect();
    let mut row: Vec<usize> = (0..=one.len()).collect();
    for (at, character) in other.chars().enumerate() {
        let mut before = row[0];
        row[0] = at + 1;
        for (column, own) in one.iter().enumerate() {
            let changed = before + usize::from(*own != character);
            before = row[column + 1];
            row[column + 1] = changed.min(before + 1).min(row[column] + 1);
        }
    }
    row[one.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistyped_cause_is_suggested_and_what_cannot_be_made_says_why() {
        assert_eq!("linger-zero".parse(), Ok(Cause::LingerZero));
        assert_eq!("refused".parse(), Ok(Cause::ClosedPort));
        let text = |name: &str| name.parse::<Cause>().expect_err("it is none").to_string();
        assert!(text("close-unraed").contains("did you mean close-unread?"), "{}", text("close-unraed"));
        assert!(
            text("zzzzzzzzzzzzzzzzzzzz")
                .starts_with("cannot provoke \"zzzzzzzzzzzzzzzzzzzz\": known are close-unread, ")
        );
        assert!(text("keepalive-race").contains("cross the FIN"));
        assert!(!text("\u{1b}[31m").contains('\u{1b}'));
    }
}

//! Questions about an outcome, and their answers.
//!
//! A [`Question`] is a named pure function with its texts. It answers *yes* or *no* with the frames
//! that show it, or *unknown* with what would have to be captured to know. Unseen never counts as
//! no: a capture that starts late, is cut short or shows one direction only yields unknown.
//!
//! Texts are templates, so that `report` alone puts words together: `{}` stands for the next value
//! of the answer, `{sender}`, `{receiver}`, `{client}` and `{server}` for an end (sender and
//! receiver are those of the RST). `{0}` and `{1}` stand for a value by its place: word order differs
//! between languages.

pub mod accepting;
pub mod answer;
pub mod application;
pub mod cache;
pub mod claims;
pub mod clock;
pub mod closing;
pub mod data;
pub mod failed;
mod fin;
pub mod firewall;
pub mod forgery;
pub mod form;
pub mod giveup;
pub mod handshake;
pub mod idle;
pub mod mtu;
pub mod multipath;
pub mod path;
pub mod promise;
pub mod question;
pub mod refusal;
pub mod said;
pub mod sealed;
pub mod service;
pub mod siblings;
mod socket_close;
pub mod socket_hints;
pub mod sockets;
pub mod speech;
pub mod stack;
pub mod stale;
pub mod standoff;
pub mod timing;
pub mod twins;
pub mod vantage;
pub mod window;
pub mod words;

pub use self::answer::{Answer, Condition, Facts, Octets, Timeouts, Value};
pub use self::question::{AskedOf, Question, Wording};

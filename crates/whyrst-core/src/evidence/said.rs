//! What the RST says of itself, as a question for each thing that it may say ([`crate::said`]).
//!
//! A claim of whoever sent the RST: it supports a verdict, and none rests on it.

use super::answer::{Answer, no, yes};
use super::question::{AskedOf, Question, Wording, by};
use crate::outcome::Outcome;
use crate::said::{Gist, claim};

const UNKNOWN: &str = "a reason given in the RST itself: few devices include one";
const NO: &str = "{} itself gives another reason";

const NO_ZH: &str = "{}自称的是另一个原因";
const UNKNOWN_ZH: &str = "写在 RST 里的原因：很少有设备会写";

const fn question(id: &'static str, yes: &'static str, zh: &'static str, ask: fn(&Outcome) -> Answer) -> Question {
    let zh = Wording { yes: zh, no: NO_ZH, unknown: UNKNOWN_ZH };
    Question { id, asked_of: AskedOf::Packets, yes, no: NO, unknown: UNKNOWN, zh, ask: by(ask) }
}

/// It says that data came after the close.
pub static RST_SAYS_DATA_AFTER_CLOSE: Question = question(
    "rst-says-data-after-close",
    "{} itself says that data arrived after the close",
    "{}自称数据在关闭之后才到达",
    |outcome| says(outcome, Gist::DataAfterClose),
);

/// It says that the connection was not known.
pub static RST_SAYS_NOT_KNOWN: Question = question(
    "rst-says-not-known",
    "{} itself says that the connection was unknown",
    "{}自称不认识这条连接",
    |outcome| says(outcome, Gist::NotKnown),
);

/// It says that time ran out.
pub static RST_SAYS_TIMED_OUT: Question =
    question("rst-says-timed-out", "{} itself says that the connection timed out", "{}自称连接超时", |outcome| {
        says(outcome, Gist::TimedOut)
    });

/// It says that a rule forbids the connection.
pub static RST_SAYS_FORBIDDEN: Question = question(
    "rst-says-forbidden",
    "{} itself says that a rule forbids the connection",
    "{}自称有规则禁止这条连接",
    |outcome| says(outcome, Gist::Forbidden),
);

/// It says that something ran out.
pub static RST_SAYS_EXHAUSTED: Question =
    question("rst-says-exhausted", "{} itself says that a limit was reached", "{}自称达到了上限", |outcome| {
        says(outcome, Gist::Exhausted)
    });

/// It says that it passes a reset on.
pub static RST_SAYS_PASSED_ON: Question = question(
    "rst-says-passed-on",
    "{} itself says that it relays a reset from the other side",
    "{}自称是在转发另一侧的重置",
    |outcome| says(outcome, Gist::PassedOn),
);

/// It says that the program ended the connection.
pub static RST_SAYS_ABORTED: Question = question(
    "rst-says-aborted",
    "{} itself says that the program aborted the connection",
    "{}自称是程序中止了连接",
    |outcome| says(outcome, Gist::Aborted),
);

/// It says that there is no server behind the balancer.
pub static RST_SAYS_NO_BACKEND: Question = question(
    "rst-says-no-backend",
    "{} itself says that no backend server is available for the connection",
    "{}自称没有可以转交连接的后端服务器",
    |outcome| says(outcome, Gist::NoBackend),
);

/// Whether hardly any RST answers it: then its silence is not worth a line.
pub fn is_rarely_answered(question: &Question) -> bool {
    question.unknown == UNKNOWN
}

fn says(outcome: &Outcome, wanted: Gist) -> Answer {
    let Some(rst) = outcome.rst() else { return Answer::Unknown };
    match claim(rst).and_then(|claim| claim.gist()) {
        Some(gist) if gist == wanted => Answer::Yes(yes().frame(&rst.record)),
        Some(_) => Answer::No(no().frame(&rst.record)),
        None => Answer::Unknown,
    }
}

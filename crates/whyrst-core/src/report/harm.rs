//! What a reset did and how much it matters, in words.

use alloc::format;
use alloc::string::{String, ToString};

use super::Explanation;
use super::style::Part;
use super::words::{digits, plural, severity};
use crate::cause::Severity;
use crate::connection::Phase;
use crate::evidence::window::closed_window;
use crate::harm::Certainty;
use crate::language::Language;
use crate::severity::Ground;
use crate::verdict::Confidence;

impl Explanation<'_> {
    /// How much it matters, and why.
    pub(super) fn matters(&self) -> String {
        let severity = severity(self.judgement.severity, self.language());
        format!("{severity}{}{}", self.language().pick(": ", "："), self.severity_words())
    }

    /// How the packets that decide are dressed: only what needs somebody is red.
    pub(super) const fn decisive_part(&self) -> Part {
        match self.judgement.severity {
            Severity::Fault | Severity::Attack => Part::Decisive,
            Severity::Policy | Severity::Scan | Severity::Benign => Part::Heading,
        }
    }

    /// Why it matters as much as it does.
    pub(super) fn severity_words(&self) -> String {
        let language = self.language();
        if self.judgement.ground == Ground::Cause
            && self.judgement.confidence <= Confidence::Possible
            && let Some(perhaps) = perhaps(self.judgement.severity, language)
        {
            return perhaps.to_string();
        }
        let lost = [self.harm.lost_client_bytes, self.harm.lost_server_bytes];
        let why = match (self.judgement.ground, self.judgement.severity) {
            (Ground::BothHadClosed, _) => language.pick(
                "both ends had closed before it and nothing was on its way",
                "两端在它之前都已关闭，也没有数据在途",
            ),
            (Ground::NotTaken, _) => language.pick(
                "the receiver did not accept it, and both ends went on sending",
                "接收方没有接受它，两端都还在继续通信",
            ),
            (Ground::WasOver, _) => language.pick(
                "one side had closed after every request was answered: nobody waits for anything else on this \
                 connection",
                "一方在所有请求都得到应答之后关闭：没有人还在等待这条连接上的任何东西",
            ),
            (Ground::GoodbyeRefused, _) => language.pick(
                "all that was refused was a goodbye: everything before it had been delivered and answered",
                "被拒绝的只是一句告别：在它之前的一切都已送达并得到应答",
            ),
            (Ground::WasIdle, _) => language.pick(
                "the client ended an idle connection: each of its requests had been answered, and nothing was on its \
                 way",
                "客户端结束了一条空闲的连接：它的每个请求都已得到应答，也没有数据在途",
            ),
            (_, Severity::Benign) if self.harm.certainty != Certainty::None => language
                .pick("the connection was over, and nobody waits for more", "连接已经结束，没有人在等待更多数据"),
            (_, Severity::Benign) => {
                language.pick("nothing is lost by it and nothing needs mending", "没有因此丢失什么，也无需修复什么")
            }
            (_, Severity::Scan) => language
                .pick("its sender looks for open ports and wants no connection", "发送方在找开放的端口，并不想要连接"),
            (_, Severity::Policy) => language.pick(
                "a rule, a device or a person decided that the connection should not be",
                "有规则、设备或人决定不允许这条连接",
            ),
            (_, Severity::Attack) => {
                language.pick("neither end wanted it: somebody else forged packets", "两端都不想这样：是别人伪造了报文")
            }
            (_, Severity::Fault) if self.judgement.phase == Phase::Connect => {
                language.pick("the connection never came about", "连接没有建立起来")
            }
            (_, Severity::Fault) if lost.iter().any(|bytes| bytes.is_some_and(|bytes| bytes > 0)) => {
                language.pick("data may be lost: what was sent and not read", "可能丢失数据：已发送而未读的部分")
            }
            (_, Severity::Fault) => {
                language.pick("the connection was cut off instead of closed in order", "连接被切断，而不是正常关闭")
            }
        };
        why.to_string()
    }

    /// What was lost, with how sure that is: a sentence of its own.
    pub(super) fn harm_words(&self) -> String {
        let lost = self.lost_words();
        let bytes = !matches!(self.harm.certainty, Certainty::None | Certainty::Unknown);
        if bytes { self.language().pick("lost: ", "丢失：").to_string() + &lost } else { lost }
    }

    /// The same to be read after "lost".
    pub(super) fn lost_words(&self) -> String {
        if self.language() == Language::Chinese {
            return self.chinese_harm();
        }
        let taken = match self.harm.accepted {
            Some(false) => "the receiver did not accept the RST; ",
            Some(true) | None => "",
        };
        let lost = |side: &str, bytes: Option<u64>, surely: u64| {
            let bytes = bytes.filter(|bytes| *bytes > 0)?;
            let more = if (1..bytes).contains(&surely) {
                format!(", of which {} for certain", digits(surely))
            } else {
                String::new()
            };
            Some(format!("{} from {side}{more}", plural(bytes, "byte")))
        };
        let both = [
            lost("the client", self.harm.lost_client_bytes, self.harm.surely_client_bytes),
            lost("the server", self.harm.lost_server_bytes, self.harm.surely_server_bytes),
        ];
        let both: alloc::vec::Vec<_> = both.into_iter().flatten().collect();
        let what = match self.harm.certainty {
            Certainty::None => "no data was lost".to_string(),
            Certainty::Exact => both.join(" and "),
            Certainty::AtMost => format!("at most {}", both.join(" and ")),
            Certainty::AtLeast => format!("at least {}", both.join(" and ")),
            Certainty::Unknown if !self.outcome.has_frames() => "how much data was lost is not known".to_string(),
            Certainty::Unknown => {
                let seen = "how much data was lost cannot be seen in this capture";
                match closed_window(self.outcome) {
                    Some(side) => {
                        format!("{seen}: {}'s window was 0, and what waited for it was never sent", self.end(side))
                    }
                    None => seen.to_string(),
                }
            }
        };
        format!("{taken}{what}")
    }
}

/// What a cause that is one of several would mean: somebody's will is no fact then.
fn perhaps(severity: Severity, language: Language) -> Option<&'static str> {
    match severity {
        Severity::Policy => Some(language.pick(
            "if the reason above is right, a rule, a device or a person decided that the connection should not be",
            "如果上述原因成立，就是有规则、设备或人决定不允许这条连接",
        )),
        Severity::Attack => Some(language.pick(
            "if the reason above is right, neither end wanted it: somebody else forged packets",
            "如果上述原因成立，两端都不想这样：是别人伪造了报文",
        )),
        Severity::Scan => Some(language.pick(
            "if the reason above is right, its sender looks for open ports and wants no connection",
            "如果上述原因成立，发送方是在找开放的端口，并不想要连接",
        )),
        Severity::Benign | Severity::Fault => None,
    }
}

impl Explanation<'_> {
    fn chinese_harm(&self) -> String {
        let taken = match self.harm.accepted {
            Some(false) => "接收方没有接受这个 RST；",
            Some(true) | None => "",
        };
        let lost = |side: &str, bytes: Option<u64>, surely: u64| {
            let bytes = bytes.filter(|bytes| *bytes > 0)?;
            let certain = (1..bytes).contains(&surely);
            let more =
                if certain { format!("（其中 {} 字节可以确定）", digits(surely)) } else { String::new() };
            Some(format!("{side}发送的 {} 字节{more}", digits(bytes)))
        };
        let both = [
            lost("客户端", self.harm.lost_client_bytes, self.harm.surely_client_bytes),
            lost("服务端", self.harm.lost_server_bytes, self.harm.surely_server_bytes),
        ];
        let both = both.into_iter().flatten().collect::<alloc::vec::Vec<_>>().join("和");
        let what = match self.harm.certainty {
            Certainty::None => "没有丢失数据".to_string(),
            Certainty::Exact => both,
            Certainty::AtMost => format!("最多{both}"),
            Certainty::AtLeast => format!("至少{both}"),
            Certainty::Unknown if !self.outcome.has_frames() => "丢失了多少数据不得而知".to_string(),
            Certainty::Unknown => {
                let seen = "丢失了多少数据，从这份抓包看不出来";
                match closed_window(self.outcome) {
                    Some(side) => format!("{seen}：{}的窗口为 0，等着发给它的数据从未发出", self.end(side)),
                    None => seen.to_string(),
                }
            }
        };
        format!("{taken}{what}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Context;
    use crate::testing::conversation;

    const OPENED: &str = "0.000 C > S S 0:0(0)\n+0.001 C < S SA 0:0(0) ack 1\n+0.0001 C > S A 1:1(0) ack 1\n";

    fn lost(rest: &str) -> String {
        let outcome = conversation(&[OPENED, rest].concat()).outcome();
        let context =
            Context { files: alloc::vec::Vec::new(), zone: jiff::tz::TimeZone::UTC, language: Language::English };
        Explanation::new(&outcome, &context).lost_words()
    }

    #[test]
    fn behind_a_closed_window_nobody_sees_that_nothing_was_lost() {
        let stuck = "1 C < S PA 1:101(100) ack 1\n+0.001 C > S A 1:1(0) ack 101 win 0\n2 C < S RA 101:101(0) ack 1";
        assert!(lost(stuck).contains("cannot be seen in this capture: the client's window was 0"), "{}", lost(stuck));
        assert_eq!(lost(&stuck.replace(" win 0", "")), "no data was lost");
    }

    #[test]
    fn a_window_that_opened_too_late_had_been_closed() {
        let stuck = "1 C < S PA 1:101(100) ack 1\n+0.001 C > S A 1:1(0) ack 101 win 0\n\
                     9 C > S A 1:1(0) ack 101\n+0.001 C < S R 101:101(0)";
        assert!(lost(stuck).contains("the client's window was 0"), "{}", lost(stuck));
    }
}

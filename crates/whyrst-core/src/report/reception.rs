//! Whether a RST was taken, and how that is known, in words.

use alloc::format;
use alloc::string::{String, ToString};

use super::Explanation;
use crate::acceptance::Acceptance;
use crate::language::Language;
use crate::reception::{Afterwards, Reception};
use crate::rst::Rst;
use crate::verdict::Confidence;

impl Explanation<'_> {
    /// Why a RST counts as taken or not, or why that is unknown: without a full stop.
    pub(super) fn reception_words(&self, rst: &Rst) -> String {
        self.because(rst, &self.outcome.reception(rst))
    }

    /// That the reset had no effect, where that is known, and how sure it is.
    pub(super) fn without_effect_words(&self) -> Option<(Confidence, String)> {
        let (reception, rst) = (self.outcome.without_effect()?, self.outcome.rst()?);
        let sure = if reception.lived_on().is_some() { Confidence::Certain } else { Confidence::Likely };
        let said = self.language().pick("the reset had no effect: ", "这个 RST 没有起作用：");
        Some((sure, said.to_string() + &self.because(rst, &reception)))
    }

    /// What the programs see of it: nothing where it had no effect.
    pub(super) fn effect_words(&self) -> Option<String> {
        let cause = self.judgement.cause.filter(|_| self.outcome.without_effect().is_none())?;
        Some(self.words(cause.texts(self.language()).effect))
    }

    fn because(&self, rst: &Rst, reception: &Reception) -> String {
        let (sender, receiver) = (self.end(rst.record.from), self.end(rst.record.from.other()));
        let language = self.language();
        let lived_on = reception.lived_on().is_some();
        let number = by_number(reception.by_number, lived_on, language);
        let mut text = number.replace("{from}", &sender).replace("{to}", &receiver);
        let separator = language.pick("; ", "；");
        if let Some(ack) = reception.challenge.filter(|_| reception.accepted() == Some(false)) {
            let frame = self.named(ack.frame);
            text = text
                + separator
                + &match language {
                    Language::English => format!("{receiver} answered it with an ACK, {frame}"),
                    Language::Chinese => format!("{receiver}用一个 ACK 应答了它（{frame}）"),
                };
        }
        if let Some(words) = self.afterwards(rst, reception, &receiver) {
            text = text + separator + &words;
        }
        text
    }

    fn afterwards(&self, rst: &Rst, reception: &Reception, receiver: &str) -> Option<String> {
        let (record, english, chinese) = match reception.afterwards {
            Afterwards::Unknown => return None,
            Afterwards::FellSilent => {
                return Some(match self.language() {
                    Language::English => format!("{receiver} never repeated what was not acknowledged"),
                    Language::Chinese => format!("{receiver}再没有重发未被确认的内容"),
                });
            }
            Afterwards::WentOn(record) => (record, "went on with the connection", "仍在使用这条连接"),
            Afterwards::Repeated(record) => (record, "was still repeating earlier segments", "仍在重发之前的报文"),
        };
        let (frame, later) = (self.named(record.frame), record.time.since(rst.record.time));
        Some(match self.language() {
            Language::English => format!("{receiver} {english} {later} later, in {frame}"),
            Language::Chinese => format!("{receiver}在 {later} 之后{chinese}（{frame}）"),
        })
    }
}

fn by_number(acceptance: Acceptance, lived_on: bool, language: Language) -> &'static str {
    let (english, chinese) = match acceptance {
        Acceptance::Exact if lived_on => (
            "its sequence number is the one that {to} expected, so it was lost or dropped behind the capture point",
            "序列号正是{to}所期望的，因此它在抓包点之后丢失或被丢弃了",
        ),
        Acceptance::Exact => ("its sequence number is the one that {to} expected", "序列号正是{to}所期望的"),
        Acceptance::IfNothingLost if lived_on => (
            "its sequence number is beyond {to}'s last ACK (FreeBSD up to 15.1 and macOS accept only that one), or it was \
             lost behind the capture point",
            "序列号在{to}最后一个 ACK 之后（FreeBSD 15.1 及以前和 macOS 只接受该 ACK 的号码），或者它在抓包点之后丢失了",
        ),
        Acceptance::IfNothingLost => (
            "its sequence number is right if all data before it had arrived (FreeBSD up to 15.1 and macOS want it to be \
             that of their last ACK)",
            "如果它之前的数据都已到达，序列号就是对的（FreeBSD 15.1 及以前和 macOS 要求它等于自己最后一个 ACK 的号码）",
        ),
        Acceptance::Challenged => (
            "its sequence number lies in the receive window but is not the next one: hosts answer that with a challenge \
             ACK (RFC 5961)",
            "序列号在接收窗口内，但不是下一个：主机对此回应 challenge ACK（RFC 5961）",
        ),
        Acceptance::Ignored => ("its sequence number lies outside {to}'s receive window", "序列号在{to}的接收窗口之外"),
        Acceptance::WrongAck => (
            "it does not acknowledge {to}'s SYN, and a host that is connecting ignores such a RST (RFC 9293 section \
             3.10.7.3)",
            "它没有确认{to}的 SYN，正在建连的主机会忽略这样的 RST（RFC 9293 第 3.10.7.3 节）",
        ),
        Acceptance::Unsigned => (
            "it is not signed, on a connection whose segments are (RFC 2385, RFC 5925)",
            "它没有签名，而这条连接的报文都有（RFC 2385、RFC 5925）",
        ),
        Acceptance::Damaged => (
            "its TCP checksum is wrong, and {from}'s other checksums are right",
            "它的 TCP 校验和是错的，而{from}其他报文的校验和是对的",
        ),
        Acceptance::Unknown => {
            ("the capture does not show which sequence number {to} expected", "抓包没有显示{to}期望的序列号")
        }
    };
    language.pick(english, chinese)
}

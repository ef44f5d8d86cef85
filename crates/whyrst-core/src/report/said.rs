//! What was said: the last message of each end, quoted, and what the RSTs say of themselves, which are claims and
//! reported as such.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use whyrst_model::report::{BodyReport, ClaimReport, WordsReport};
use whyrst_model::vocabulary::ClaimedIn;

use super::Explanation;
use super::escape::escape;
use super::words::shortened;
use crate::evidence::words::{answered_early, is_quoted, sent_of_body};
use crate::flow::Side;
use crate::half::Marks;
use crate::language::Language;
use crate::observation::Frame;
use crate::outcome::Basis;
use crate::rst::Rst;
use crate::said::{Claim, CodeName, claim, diagnostic_name, multipath_name};
use crate::words::{Body, Message, QUOTED, Spoken};

impl Explanation<'_> {
    /// What the ends said last, and what the RSTs say, each once, for a person.
    pub(super) fn said(&self) -> Vec<String> {
        let claims = self.rst_claims().into_iter().map(|(_, sentence)| sentence);
        let messages = self.messages().into_iter().map(|one| self.word_sentence(one));
        messages.chain(self.not_captured()).chain(claims).collect()
    }

    /// What the RSTs say, each once, with the frame of the first that says so; where they differ, that frame stands before it.
    fn rst_claims(&self) -> Vec<(Frame, String)> {
        let sentence = |rst: &Rst| Some((rst.record.frame, sentence(rst, self.language())?));
        let mut claims: Vec<(Frame, String)> = self.outcome.rsts().iter().filter_map(sentence).collect();
        claims.dedup_by(|next, one| next.1 == one.1);
        if claims.len() > 1 && self.outcome.has_frames() {
            for (frame, text) in &mut claims {
                *text = format!("{}{}{text}", self.named(*frame), self.language().pick(": ", "："));
            }
        }
        claims
    }

    /// At most `most` of them: the last ones, which say most, then what the RST of the report says, and the ground of the
    /// leading answer.
    pub(super) fn said_in_short(&self, most: usize) -> Vec<String> {
        let mut all = self.said();
        let reported = self.outcome.rst().map(|rst| rst.record.frame);
        let own = self.rst_claims().into_iter().find(|(frame, _)| Some(*frame) == reported).map(|(_, text)| text);
        let ground = self.ground().map(|one| self.word_sentence(one));
        for wanted in own.into_iter().chain(ground).filter(|_| all.len() > most).collect::<Vec<_>>() {
            all.retain(|sentence| *sentence != wanted);
            all.push(wanted);
        }
        let cut = all.len().saturating_sub(most);
        all.split_off(cut)
    }

    /// The last message of each end, in the order of time, for a machine.
    pub(super) fn word_reports(&self) -> Vec<WordsReport<'_>> {
        let one = |(side, message, spoken): Said<'_>| WordsReport {
            from: self.end_word(side),
            frame: self.first_named(message.frame).number(),
            protocol: message.protocol.id().into(),
            text: quoted(&spoken).into(),
            meaning: spoken.meaning.map(|meaning| self.language().pick(meaning.en, meaning.zh).into()),
            of: self.body_of(side, message),
        };
        self.messages().into_iter().map(one).collect()
    }

    /// What an end said that is the ground of the leading answer, for a line: `the server said "Exceeded MaxStartups"`.
    pub(super) fn words_of_lead(&self) -> Option<String> {
        let (side, _, spoken) = self.ground()?;
        let quoted = shortened(quoted(&spoken));
        Some(match self.language() {
            Language::English => format!("{} said \"{quoted}\"", self.end(side)),
            Language::Chinese => format!("{}说 \"{quoted}\"", self.end(side)),
        })
    }

    /// The message that the leading answer rests on.
    fn ground(&self) -> Option<Said<'_>> {
        let why = self.judgement.reasons.first().filter(|why| why.cause.id == self.cause_id())?;
        if !why.evidence.iter().any(|question| is_quoted(question)) {
            return None;
        }
        // A goodbye of the other end may have come later.
        let mut spoken: Vec<Said<'_>> =
            self.messages().into_iter().filter(|(_, _, spoken)| spoken.meaning.is_some()).collect();
        spoken.sort_by_key(|(side, ..)| *side != self.outcome.sender());
        spoken.into_iter().next()
    }

    fn messages(&self) -> Vec<Said<'_>> {
        let read = |side: Side| {
            let message = self.outcome.message(side)?;
            Some((side, message, message.read()?))
        };
        let mut all: Vec<Said<'_>> = Side::BOTH.into_iter().filter_map(read).collect();
        all.sort_by_key(|(_, message, _)| message.frame);
        all
    }

    /// The body of the message, or of the request that it answers before all of that had arrived; only where it is
    /// not complete.
    fn body_of(&self, side: Side, message: &Message) -> Option<BodyReport> {
        let sender = if answered_early(self.outcome) == Some(side.other()) { side.other() } else { side };
        let request = if sender == side { message } else { self.outcome.message(sender)? };
        let seen = sent_of_body(self.outcome, sender, request);
        let content_length = match request.body {
            Body::Length { octets, .. } if seen < octets => Some(octets),
            Body::OpenEnded { .. } if seen > 0 => None,
            Body::Length { .. } | Body::OpenEnded { .. } | Body::HeadGoesOn | Body::Unknown => return None,
        };
        Some(BodyReport { from: self.end_word(sender), content_length, seen })
    }

    fn word_sentence(&self, (side, message, spoken): Said<'_>) -> String {
        let (end, frame, protocol) = (self.end(side), self.named(message.frame), message.protocol.name());
        let language = self.language();
        let quoted = shortened(quoted(&spoken));
        let meaning = spoken.meaning.map_or_else(String::new, |meaning| {
            format!("{}{}", language.pick(": ", "："), language.pick(meaning.en, meaning.zh))
        });
        // That of the request stands beside the request.
        let own = self.body_of(side, message).filter(|body| body.from == self.end_word(side));
        let body = own.map_or_else(String::new, |body| match (language, body.content_length) {
            (Language::English, Some(length)) => {
                format!("; {} of {length} bytes of the body were captured here", body.seen)
            }
            (Language::English, None) => format!("; {} bytes of the body were captured here", body.seen),
            (Language::Chinese, Some(length)) => format!("；消息体共 {length} 字节，此处抓到 {} 字节", body.seen),
            (Language::Chinese, None) => format!("；消息体此处抓到 {} 字节", body.seen),
        });
        match language {
            Language::English => format!("{end}, {frame}, {protocol}: \"{quoted}\"{meaning}{body}"),
            Language::Chinese => format!("{end}，{frame}，{protocol}：\"{quoted}\"{meaning}{body}"),
        }
    }

    /// That there was data, and the capture has none of it.
    fn not_captured(&self) -> Option<String> {
        let all_cut = |side: &Side| {
            let marks = self.outcome.connection().half(*side).marks;
            marks.has(Marks::DATA) && marks.has(Marks::SYN) && self.outcome.said(*side).last().is_empty()
        };
        let cut = self.outcome.basis() == Basis::Packets && Side::BOTH.iter().any(all_cut);
        let none = self.messages().is_empty();
        (cut && none).then(|| {
            self.language()
                .pick(
                    "the payload was not captured: what the ends said is not known",
                    "载荷没有抓到：不知道两端说了什么",
                )
                .into()
        })
    }
}

/// Who said it, the message, and what it says.
type Said<'a> = (Side, &'a Message, Spoken<'a>);

/// `FATAL 57P05: terminating connection due to idle-session timeout`.
fn quoted(spoken: &Spoken<'_>) -> String {
    let quote = escape(spoken.quote.get(..QUOTED).unwrap_or(spoken.quote));
    let code = spoken.code.map_or_else(String::new, |code| format!(" {code}"));
    let state = if spoken.state.is_empty() { String::new() } else { format!(" {}", escape(spoken.state)) };
    match (spoken.what, quote.is_empty()) {
        ("", _) => quote,
        (what, true) => format!("{what}{code}{state}"),
        (what, false) => format!("{what}{code}{state}: {quote}"),
    }
}

/// What a RST says of itself, for a machine.
pub(super) fn report(rst: &Rst) -> Option<ClaimReport<'static>> {
    let claim = claim(rst)?;
    let (by, code, enterprise) = match claim {
        Claim::Diagnostic { code, enterprise } => (ClaimedIn::DiagnosticPayload, Some(code.into()), Some(enterprise)),
        Claim::Linux(number) => (ClaimedIn::LinuxReasonPayload, Some(number.into()), None),
        Claim::BigIp(_) => (ClaimedIn::BigIp, None, None),
        Claim::Text(_) => (ClaimedIn::Text, None, None),
        Claim::Multipath(reason) => (ClaimedIn::MpTcprst, Some(reason.into()), None),
    };
    Some(ClaimReport { by, code, enterprise, text: words(claim).into() })
}

fn sentence(rst: &Rst, language: Language) -> Option<String> {
    let claim = claim(rst)?;
    let words = words(claim);
    if language == Language::Chinese {
        let text = match claim {
            Claim::Diagnostic { code, enterprise: 0 } => {
                format!("RST 写明原因 {code}（RST 诊断载荷）：{}", chinese(code))
            }
            Claim::Diagnostic { .. } => format!("RST 写明原因 \"{words}\"（RST 诊断载荷）"),
            Claim::Linux(number) => format!("RST 自带其内核 enum sk_rst_reason 的编号 {number}"),
            Claim::BigIp(_) => format!("F5 BIG-IP 给出的重置原因：\"{words}\""),
            Claim::Text(_) => format!("RST 带有文本 \"{words}\""),
            Claim::Multipath(_) => format!("RST 的 MP_TCPRST 选项给出的原因是 {words}"),
        };
        return Some(format!("{text}：这只是发送者的说法"));
    }
    let text = match claim {
        Claim::Diagnostic { .. } => format!("the RST itself gives as its reason {words} (RST diagnostic payload)"),
        Claim::Linux(_) => format!("the RST itself names {words}"),
        Claim::BigIp(_) => format!("an F5 BIG-IP gives this reason for the RST: \"{words}\""),
        Claim::Text(_) => format!("the RST carries the text \"{words}\""),
        Claim::Multipath(_) => format!("the RST's MP_TCPRST option gives {words}"),
    };
    Some(format!("{text}: a claim by its sender, not proof"))
}

fn words(claim: Claim<'_>) -> String {
    match claim {
        Claim::Diagnostic { code, enterprise: 0 } => english(code),
        Claim::Diagnostic { code, enterprise } => format!("code {code} of enterprise {enterprise}"),
        // The numbers are no stable interface: each kernel has its own.
        Claim::Linux(number) => format!("number {number} of its kernel's enum sk_rst_reason"),
        Claim::BigIp(text) | Claim::Text(text) => escape(text),
        Claim::Multipath(reason) => format!("reason {reason}, {}", multipath_name(reason)),
    }
}

fn english(code: u16) -> String {
    match diagnostic_name(code) {
        CodeName::Unassigned => format!("code {code}, which is unassigned"),
        CodeName::One(name) => format!("code {code}, {name}"),
        CodeName::Either { up_to_02, from_03 } => {
            format!("code {code}: {up_to_02} in drafts up to -02, {from_03} in draft -03")
        }
    }
}

/// The draft's own words stay English.
fn chinese(code: u16) -> String {
    match diagnostic_name(code) {
        CodeName::Unassigned => "未分配".to_string(),
        CodeName::One(name) => name.to_string(),
        CodeName::Either { up_to_02, from_03 } => format!("草案 -02 及以前是 {up_to_02}，-03 是 {from_03}"),
    }
}

//! The RST's own words, and ICMP errors about the connection: claims, and told as such.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use whyrst_model::report::ClaimReport;
use whyrst_model::vocabulary::ClaimedIn;

use super::Explanation;
use super::escape::escape;
use crate::language::Language;
use crate::rst::Rst;
use crate::said::{Claim, CodeName, claim, diagnostic_name, multipath_name};

impl Explanation<'_> {
    /// What the RSTs say, each once, for a person.
    pub(super) fn said(&self) -> Vec<String> {
        let sentence = |rst| sentence(rst, self.language());
        let mut said: Vec<String> = self.outcome.rsts().iter().filter_map(sentence).collect();
        said.dedup();
        said
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
            Claim::Multipath(_) => format!("RST 的 MP_TCPRST 选项写着 \"{words}\""),
        };
        return Some(format!("{text}：这只是发送者的说法"));
    }
    let text = match claim {
        Claim::Diagnostic { .. } => format!("the RST itself gives as its reason {words} (RST diagnostic payload)"),
        Claim::Linux(_) => format!("the RST itself names {words}"),
        Claim::BigIp(_) => format!("an F5 BIG-IP gives this reason for the RST: \"{words}\""),
        Claim::Text(_) => format!("the RST carries the text \"{words}\""),
        Claim::Multipath(_) => format!("the RST's MP_TCPRST option says \"{words}\""),
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
        Claim::Multipath(reason) => multipath_name(reason).to_string(),
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

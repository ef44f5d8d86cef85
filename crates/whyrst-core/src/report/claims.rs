//! What logs and other systems' kernels claim of a connection: who says it, where it stands, and how the packets bear on
//! it. Their lines are hostile: escaped, and a bounded part of each.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use whyrst_model::report::LoggedClaim;

use super::Explanation;
use super::escape::escape_name;
use super::words::shortened;
use crate::claim::{MOST_CLAIMS, Standing, Tied};
use crate::evidence::claims::{Ground, standing};
use crate::language::Language;

impl Explanation<'_> {
    /// For a person: first what the packets contradict, then what they show, then the rest.
    pub(super) fn claim_words(&self) -> Vec<String> {
        let rank = |tied: &&Tied| match standing(self.outcome, tied).0 {
            Standing::Contradicted => 0,
            Standing::Agrees => 1,
            Standing::Undecided => 2,
        };
        let mut all: Vec<&Tied> = self.outcome.claims().iter().collect();
        all.sort_by_key(rank);
        all.into_iter().take(MOST_CLAIMS).map(|tied| self.claim_sentence(tied)).collect()
    }

    /// For a machine.
    pub(super) fn claim_reports(&self) -> Vec<LoggedClaim<'_>> {
        self.outcome.claims().iter().take(MOST_CLAIMS).map(|tied| self.claim_report(tied)).collect()
    }

    fn claim_report<'a>(&'a self, tied: &'a Tied) -> LoggedClaim<'a> {
        let claim = &*tied.claim;
        let (standing, ground) = standing(self.outcome, tied);
        LoggedClaim {
            source: escape_name(&claim.source).into(),
            line: claim.line,
            time: claim.time,
            by: claim.by,
            end: tied.side.map(|side| self.end_word(side)),
            process: claim.process.as_ref().map(|name| escape_name(name).into()),
            pid: claim.pid,
            tied_by: tied.by,
            text: escape_name(&claim.text).into(),
            symptom: claim.symptom.map(|symptom| symptom.id.into()),
            cause: claim.cause.map(Into::into),
            standing,
            because: ground.map_or_else(String::new, |ground| self.ground_words(ground, tied)).into(),
        }
    }

    fn claim_sentence(&self, tied: &Tied) -> String {
        let (claim, language) = (&*tied.claim, self.language());
        let process = match (&claim.process, claim.pid) {
            (Some(name), Some(pid)) => format!(" ({} {pid})", escape_name(name)),
            (Some(name), None) if **name != *claim.by.name() => format!(" ({})", escape_name(name)),
            (None, Some(pid)) => format!(" ({pid})"),
            _ => String::new(),
        };
        let time = claim.time.map_or_else(String::new, |time| format!(", {}", self.context.time_of_day(time)));
        let (source, line) = (escape_name(&claim.source), claim.line);
        let quote = shortened(escape_name(&claim.text));
        let symptom = claim.symptom.map_or_else(String::new, |symptom| format!(" ({})", symptom.id));
        let (standing, ground) = standing(self.outcome, tied);
        let because = ground.map(|ground| self.ground_words(ground, tied));
        let standing = match (standing, because, language) {
            (Standing::Contradicted, Some(why), Language::English) => format!("; CONTRADICTED by the packets: {why}"),
            (Standing::Contradicted, Some(why), Language::Chinese) => format!("；与报文矛盾：{why}"),
            (Standing::Agrees, Some(why), Language::English) => format!("; the packets agree: {why}"),
            (Standing::Agrees, Some(why), Language::Chinese) => format!("；与报文一致：{why}"),
            (Standing::Undecided, Some(why), _) => format!("{}{why}", language.pick("; ", "；")),
            _ => String::new(),
        };
        let (by, colon) = (claim.by.name(), language.pick(": ", "："));
        format!("{by}{process}, {source}:{line}{time}{colon}\"{quote}\"{symptom}{standing}")
    }

    fn ground_words(&self, ground: Ground, tied: &Tied) -> String {
        let language = self.language();
        let side = tied.side.unwrap_or_else(|| self.outcome.receiver());
        let (own, other) = (self.end(side), self.end(side.other()));
        match (ground, language) {
            (Ground::ResetByOther(frame), Language::English) => {
                format!("{other} sent the RST in {}", self.named(frame))
            }
            (Ground::ResetByOther(frame), Language::Chinese) => format!("{}中的 RST 是{other}发的", self.named(frame)),
            (Ground::ResetByItself(frame), Language::English) => {
                format!("{own} itself sent the RST in {}, and no RST of {other} was captured", self.named(frame))
            }
            (Ground::ResetByItself(frame), Language::Chinese) => {
                format!("{}中的 RST 是{own}自己发的，没有抓到{other}的 RST", self.named(frame))
            }
            (Ground::Closed, Language::English) => format!("{other} had sent its FIN"),
            (Ground::Closed, Language::Chinese) => format!("{other}发过 FIN"),
            (Ground::ResetNotClosed(frame), Language::English) => {
                format!("{other} sent no FIN, but the RST in {}", self.named(frame))
            }
            (Ground::ResetNotClosed(frame), Language::Chinese) => {
                format!("{other}没有发 FIN，发的是{}中的 RST", self.named(frame))
            }
            (Ground::Refused(frame), Language::English) => format!("{} refuses the SYN", self.named(frame)),
            (Ground::Refused(frame), Language::Chinese) => format!("{}拒绝了 SYN", self.named(frame)),
            (Ground::Accepted, Language::English) => format!("{other} had accepted the connection"),
            (Ground::Accepted, Language::Chinese) => format!("{other}接受过这条连接"),
            (Ground::OwnReset(frame), Language::English) => format!("{own} sent the RST in {}", self.named(frame)),
            (Ground::OwnReset(frame), Language::Chinese) => format!("{}中的 RST 是{own}发的", self.named(frame)),
            (Ground::OtherConnection, Language::English) => {
                String::from("it speaks of the proxy's connection to its upstream")
            }
            (Ground::OtherConnection, Language::Chinese) => String::from("说的是代理到上游的那条连接"),
            (Ground::OtherEnds, Language::English) => {
                String::from("it may be about another connection: it names no address and port that only this one has")
            }
            (Ground::OtherEnds, Language::Chinese) => {
                String::from("也可能说的是另一条连接：其中没有只属于这条连接的地址和端口")
            }
            (Ground::OtherTimes, Language::English) => {
                String::from("it says no time, so it may be about another connection with the same ports")
            }
            (Ground::OtherTimes, Language::Chinese) => String::from("没有写时间，也可能说的是端口相同的另一条连接"),
        }
    }
}

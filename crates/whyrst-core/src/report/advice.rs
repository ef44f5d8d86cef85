//! What to do, step by step: without the steps that only another system can take, without those that ask what is
//! known already, and with the places of this very process.
//!
//! A step is known by the commands that it names, which are the same in every language.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::Explanation;
use super::escape::escape_name;
use crate::asked::AskedIn;
use crate::cause::Cause;
use crate::kernel::KernelWord;
use crate::language::Language;
use crate::outcome::Outcome;
use crate::socket::{Account, Listening, Process};
use crate::verdict::Confidence;

impl Explanation<'_> {
    /// What to do about `cause`.
    pub(super) fn advice(&self, cause: &Cause) -> Vec<String> {
        let elsewhere = self.maker_is_not_linux();
        let told = self.judgement.mechanism_confidence() == Confidence::Certain;
        let known = Known::of(self.outcome, told);
        let steps = cause.texts(self.language()).advice.iter();
        let steps = steps.filter(|step| !(known.answers(step) || elsewhere && needs_linux(step)));
        let steps: Vec<String> = steps.map(|step| self.words(&self.concrete(step))).collect();
        known.own_steps(self.language()).into_iter().chain(steps).collect()
    }

    /// A step whose commands name the addresses and the port of this connection, and the name that was asked for.
    fn concrete(&self, step: &str) -> String {
        let connection = self.outcome.connection();
        let server = connection.endpoint(connection.server());
        let address = |side| connection.endpoint(side).ip.to_string();
        let host_and_port = server.to_string();
        let server_name = self.outcome.asked().filter(|asked| asked.stood_in == AskedIn::TlsServerName);
        let known = [
            ("HOST:PORT", host_and_port.as_str()),
            ("PORT", &server.port.to_string()),
            ("HOST", &server.ip.to_string()),
            ("SERVER", &server.ip.to_string()),
            ("SENDER", &address(self.outcome.sender())),
            ("ADDRESS", &address(self.outcome.sender())),
            (
                "-servername NAME ",
                &server_name.map_or_else(String::new, |asked| format!("-servername {} ", asked.name)),
            ),
        ]
        .map(|(word, value)| (word, value.to_string()));
        // Commands stand between backticks: every second part.
        let parts = step.split('`').enumerate().map(|(at, part)| {
            let command = at % 2 == 1;
            if command {
                known.iter().fold(part.to_string(), |text, (word, value)| put(&text, word, value))
            } else {
                part.to_string()
            }
        });
        parts.collect::<Vec<String>>().join("`")
    }
}

/// `text` with `value` for `word`, where that is a word of its own: `SO_REUSEPORT` is none.
fn put(text: &str, word: &str, value: &str) -> String {
    let joins = |character: char| character.is_alphanumeric() || character == '_';
    let (mut out, mut rest) = (String::new(), text);
    while let Some(at) = rest.find(word) {
        let (before, after) = (&rest[..at], &rest[at + word.len()..]);
        let alone = !before.ends_with(joins) && (word.ends_with(' ') || !after.starts_with(joins));
        out.push_str(before);
        out.push_str(if alone { value } else { word });
        rest = after;
    }
    out + rest
}

/// What the kernels of the ends have said, as far as steps ask for it.
#[derive(Clone, Copy, Debug)]
struct Known<'a> {
    /// Which call made the RST.
    call: bool,
    /// Who ended, where a process did.
    ended: Option<&'a Process>,
    /// Who destroyed the socket.
    maker: bool,
    /// Whether somebody listens.
    listening: bool,
}

impl<'a> Known<'a> {
    fn of(outcome: &'a Outcome, told: bool) -> Self {
        let account = outcome.account(outcome.sender());
        Self {
            call: told && matches!(outcome.kernel(), KernelWord::Sent(event) if event.reason.is_some()),
            ended: account.and_then(ended),
            maker: account.is_some_and(|account| account.maker.is_some()),
            listening: account.is_some_and(|one| one.listened.is_some() || one.listening != Listening::Unknown),
        }
    }

    /// Whether `step` asks for what is known.
    fn answers(&self, step: &str) -> bool {
        let names = |command: &str| step.contains(command);
        let of_sender = step.contains("{sender}");
        let calls = self.call && of_sender && (names("`strace") || names("`nstat"));
        let end = self.ended.is_some() && (names("`journalctl") || names("`systemctl status"));
        let sockets = (self.maker && names("`ss -K`")) || (self.listening && names("`ss -ltn"));
        // Its TCP made the RST itself.
        let firewall = self.call && names("`nft list ruleset`") && names("`iptables");
        calls || end || sockets || firewall
    }

    /// Where to look on, now that it is known who it was.
    fn own_steps(&self, language: Language) -> Vec<String> {
        let Some(process) = self.ended else { return Vec::new() };
        let mut steps = Vec::new();
        if process.oom_killed {
            steps.push(String::from(language.pick(
                "raise the memory limit of that process (MemoryMax, the container's limit) or find what uses \
                 its memory; `journalctl -k | grep -i oom` shows how much it had",
                "提高该进程的内存上限（MemoryMax、容器的限额），或找出占用内存的东西；\
                 `journalctl -k | grep -i oom` 可以看到当时的用量",
            )));
        }
        let log = language.pick("its log says why", "它的日志里有原因");
        let colon = language.pick(": ", "：");
        let container = process.container.as_ref();
        let runtime = container.and_then(|container| Some((container.runtime?, &container.id)));
        match (runtime, &process.unit) {
            (Some((runtime @ ("docker" | "podman"), id)), _) => {
                let id: String = id.chars().take(12).collect();
                steps.push(format!("{log}{colon}`{runtime} logs {}`", escape_name(&id)));
            }
            (Some((_, id)), _) => {
                let id: String = id.chars().take(12).collect();
                steps.push(format!("{log}{colon}`crictl logs {}`", escape_name(&id)));
            }
            (None, Some(unit)) => steps.push(format!("{log}{colon}`journalctl -e -u {}`", escape_name(unit))),
            (None, None) => {}
        }
        steps
    }
}

/// The process at this end that ended, and closed its sockets by that.
fn ended(account: &Account) -> Option<&Process> {
    let listener = account.listened.as_ref().and_then(|listened| listened.process.as_ref());
    let all = [account.process.as_ref(), account.closer.as_ref(), listener];
    all.into_iter().flatten().find(|process| process.exiting || process.exit_signal.is_some())
}

/// Whether only Linux has what a step for the RST's sender names.
fn needs_linux(step: &str) -> bool {
    const TOOLS: [&str; 7] = ["`nstat", "`ss ", "`strace", "`bpftrace", "`journalctl", "`systemctl", "`sysctl"];
    step.contains("{sender}") && TOOLS.iter().any(|tool| step.contains(tool))
}

//! One reset on one line: for a person who watches, and for awk and grep.
//!
//! Every line has one shape, whoever reported the reset: time, client `>` server, cause `[confidence]`, a sentence, and
//! after it the same facts as `key=value`, without blanks in a value. The names of the keys are those of the JSON
//! object where it has the same fact. What is not known has no key.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt::Display;

use super::Explanation;
use super::account::{closing, listened, named, notable, short};
use super::escape::escape_name;
use super::style::{Part, Style};
use super::words::confidence;
use crate::flow::Side;
use crate::kernel::KernelWord;
use crate::language::Language;
use crate::outcome::OnWire;
use crate::segment::Endpoint;
use crate::socket::{Account, Process};
use crate::time::{Span, Timestamp};
use crate::verdict::Confidence;

/// What is to be said of a line beside its reset.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct LineNotes<'a> {
    /// It stands for more resets like it.
    pub more: Option<More>,
    /// A reset that was so much younger was written before it.
    pub late: Option<Span>,
    /// Firewall rules of which one may have made it, as the firewall prints them.
    pub rules: &'a [String],
}

/// How many more resets a line stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct More {
    /// So many.
    pub count: u64,
    /// Within so long, where that is known.
    pub within: Option<Span>,
}

/// The line, without a line end.
pub fn line(report: &Explanation<'_>, style: Style, notes: LineNotes<'_>) -> String {
    let (outcome, judgement) = (report.outcome, &report.judgement);
    let connection = outcome.connection();
    let ends = format!("{} > {}", connection.endpoint(connection.client), connection.endpoint(connection.server()));
    let part = if judgement.confidence >= Confidence::Likely { Part::Firm } else { Part::Weak };
    let verdict = format!("{} [{}]", report.cause_id(), confidence(judgement.confidence, report.language()));
    let (time, sentence, keys) =
        (report.context.time_of_day(outcome.time()), report.line_sentence(notes), report.keys(notes));
    let (time, keys) = (style.paint(Part::Dim, time), style.paint(Part::Dim, keys));
    let (ends, verdict) = (style.paint(Part::Heading, ends), style.paint(part, verdict));
    format!("{time}  {ends}  {verdict}  {sentence}  {keys}")
}

impl Explanation<'_> {
    /// Who reset whom, and what shows why. The sender and the receiver always stand in it, in this order.
    fn line_sentence(&self, notes: LineNotes<'_>) -> String {
        let (sender, receiver) = (self.outcome.sender(), self.outcome.receiver());
        let mut words = Vec::new();
        words.extend(notes.more.map(|more| more.words(self.language())));
        let by = match (self.outcome.kernel(), self.language()) {
            (KernelWord::SentNone | KernelWord::MadeInTransit, Language::English) => {
                format!("in the name of {}", self.end(sender))
            }
            (_, Language::English) => format!("by {}", self.end(sender)),
            (KernelWord::SentNone | KernelWord::MadeInTransit, Language::Chinese) => self.words("以{sender}的名义"),
            (_, Language::Chinese) => self.words("由{sender}发出"),
        };
        words.push(self.with_process(by, sender));
        let to = match self.language() {
            Language::English => format!("to {}", self.end(receiver)),
            Language::Chinese => self.words("发给{receiver}"),
        };
        words.push(self.with_process(to, receiver));
        words.extend(self.route_words());
        words.extend(self.rule_words(notes.rules));
        words.extend(self.words_of_lead());
        if let Some(account) = self.teller().and_then(|side| self.outcome.account(side)) {
            words.extend(
                account.socket.as_ref().and_then(|socket| notable(socket, self.outcome.time(), self.language())),
            );
            words.extend(closing(account, self.outcome.time(), self.language()));
        }
        let listener = self.outcome.account(sender);
        words.extend(listener.and_then(|account| listened(account, self.outcome.time(), self.language())));
        words.join("  ")
    }

    fn with_process(&self, end: String, side: Side) -> String {
        let colon = self.language().pick(": ", "：");
        let Some(account) = self.outcome.account(side) else { return end };
        match who(account, self.language()) {
            Some(who) => format!("{end}{colon}{who}"),
            None => end,
        }
    }

    /// Where NAT gives an end another name than the line has: the client, the service that it asked for, who answered.
    fn route_words(&self) -> Option<String> {
        let [(client, service), (seen, server)] = self.views()?;
        let seen = match self.language() {
            _ if seen == client => String::new(),
            Language::English => format!(" (as {seen})"),
            Language::Chinese => format!("（变为 {seen}）"),
        };
        let inner = if server == service { String::new() } else { format!(" > {server}") };
        let route = format!("{client}{seen} > {service}{inner}");
        Some(match self.language() {
            Language::English => format!("through NAT: {route}"),
            Language::Chinese => format!("经过 NAT：{route}"),
        })
    }

    /// The first rule that may have made it, and how many more there are.
    fn rule_words(&self, rules: &[String]) -> Option<String> {
        let rule = escape_name(rules.first()?);
        Some(match (rules.len() - 1, self.language()) {
            (0, Language::English) => format!("rule: {rule}"),
            (more, Language::English) => format!("rule, or one of {more} more: {rule}"),
            (0, Language::Chinese) => format!("规则：{rule}"),
            (more, Language::Chinese) => format!("规则（或另外 {more} 条之一）：{rule}"),
        })
    }

    /// Client and server as the client's side calls them, and as the server's side does; `None` where both do alike.
    fn views(&self) -> Option<[(Endpoint, Endpoint); 2]> {
        let OnWire::Other { client, server } = self.outcome.on_wire() else { return None };
        let connection = self.outcome.connection();
        let own = (connection.endpoint(connection.client), connection.endpoint(connection.server()));
        let teller = [self.outcome.sender(), self.outcome.receiver()];
        let teller = teller.into_iter().find(|side| self.outcome.account(*side).is_some())?;
        Some(if teller == connection.client { [own, (client, server)] } else { [(client, server), own] })
    }

    fn keys(&self, notes: LineNotes<'_>) -> String {
        let (outcome, judgement) = (self.outcome, &self.judgement);
        let (sender, receiver) = (outcome.sender(), outcome.receiver());
        let mut keys = Keys::default();
        keys.put("cause", &self.cause_id());
        keys.put("confidence", &judgement.confidence.name());
        if let Some(shape) = judgement.shape {
            keys.put("family", &shape.family);
        }
        if let Some(mechanism) = judgement.mechanism.as_ref().filter(|one| one.cause.id != self.cause_id()) {
            keys.put("mechanism", &mechanism.cause.id);
        }
        if let Some(why) = judgement.reasons.first().filter(|why| why.cause.id != self.cause_id()) {
            keys.put("why", &why.cause.id);
            keys.put("why_confidence", &why.confidence.name());
        }
        if let KernelWord::Sent(event) = outcome.kernel() {
            keys.put("reason", &event.reason_name);
        }
        keys.put("from", &self.end_name(sender));
        keys.account("from", outcome.account(sender));
        keys.account("to", outcome.account(receiver));
        if let Some([(client, service), (seen, server)]) = self.views() {
            keys.extend("client_as", Some(seen).filter(|seen| *seen != client));
            keys.put("service", &service);
            keys.put("server", &server);
        }
        self.socket_keys(&mut keys);
        if let Some(More { count, within }) = notes.more {
            keys.put("count", &count);
            keys.extend("within_ms", within.map(millis));
        }
        keys.extend("late_ms", notes.late.map(millis));
        keys.0
    }

    /// Numbers of the socket that the report is about; what is zero says nothing.
    fn socket_keys(&self, keys: &mut Keys) {
        let Some(account) = self.teller().and_then(|side| self.outcome.account(side)) else { return };
        let Some(socket) = &account.socket else { return };
        let now = self.outcome.time();
        let bytes = [
            ("unread_bytes", socket.unread),
            ("unsent_bytes", socket.unsent),
            ("unacked_bytes", socket.unacked_data()),
        ];
        for (name, count) in bytes {
            keys.extend(name, Some(count).filter(|count| *count > 0));
        }
        keys.extend("linger", socket.linger);
        let past = |since: Timestamp| millis(now.since(since).max(Span::ZERO));
        keys.extend("age_ms", socket.age(now).map(|age| millis(age.max(Span::ZERO))));
        keys.extend("idle_ms", socket.idle_since(now).map(past));
        keys.extend("closed_ms_ago", socket.gone.and_then(|_| socket.closed_at()).map(past));
    }

    const fn end_name(&self, side: Side) -> &'static str {
        if side.index() == self.outcome.connection().client.index() { "client" } else { "server" }
    }
}

impl More {
    fn words(self, language: Language) -> String {
        let Self { count, within } = self;
        let plural = if count == 1 { "" } else { "s" };
        match (within, language) {
            (Some(within), Language::English) => format!("{count} more reset{plural} like this one in {within}"),
            (None, Language::English) => format!("{count} more reset{plural} like this one"),
            (Some(within), Language::Chinese) => format!("{within} 内另有 {count} 个同样的 RST"),
            (None, Language::Chinese) => format!("另有 {count} 个同样的 RST"),
        }
    }
}

/// `key=value`, one blank between two.
#[derive(Default)]
struct Keys(String);

impl Keys {
    fn put(&mut self, key: &str, value: &dyn Display) {
        if !self.0.is_empty() {
            self.0.push(' ');
        }
        self.0.extend([key, "=", &one_word(&value.to_string())]);
    }

    fn extend(&mut self, key: &str, value: Option<impl Display>) {
        if let Some(value) = value {
            self.put(key, &value);
        }
    }

    /// Who is at one end: `from_pid`, `from_comm` and so on.
    fn account(&mut self, end: &str, account: Option<&Account>) {
        let Some(account) = account else { return };
        let key = |name: &str| format!("{end}_{name}");
        if account.netns > 0 {
            self.put(&key("netns"), &account.netns);
        }
        if let Some(process) = account.process.as_ref().or(account.closer.as_ref()) {
            self.process(end, process);
            self.extend(&key("unit"), process.unit.as_ref());
            self.extend(&key("container"), process.container.as_ref().map(|container| short(&container.id)));
            self.extend(&key("pod"), process.container.as_ref().and_then(|container| container.pod.as_ref()));
            self.extend(&key("signal"), process.exit_signal);
        }
        if let Some(maker) = &account.maker {
            self.process("maker", maker);
        }
        self.extend(&key("errno"), account.errno);
    }

    fn process(&mut self, whose: &str, process: &Process) {
        self.put(&format!("{whose}_pid"), &process.pid);
        if !process.comm.is_empty() {
            self.put(&format!("{whose}_comm"), &process.comm);
        }
    }
}

/// Escaped, and with blanks as `\x20`: what awk takes for one field.
fn one_word(text: &str) -> String {
    let mut word = String::with_capacity(text.len());
    for character in escape_name(text).chars() {
        match character {
            ' ' => word.push_str("\\x20"),
            // Blanks beyond ASCII, as a name may have them.
            blank if blank.is_whitespace() => word.extend([format!("\\u{{{:x}}}", u32::from(blank))]),
            other => word.push(other),
        }
    }
    word
}

/// Milliseconds with as many digits as say something, without a unit.
fn millis(span: Span) -> String {
    format!("{:.3}", span.as_millis_f64())
}

/// `nginx 812, nginx.service, killed by SIGKILL of bash 700`.
fn who(account: &Account, language: Language) -> Option<String> {
    let process = account.process.as_ref().or(account.closer.as_ref())?;
    let mut words = named(process);
    words.extend(process.unit.as_deref().map(|unit| format!(", {}", escape_name(unit))));
    words.extend(process.container.as_ref().map(|container| {
        let id = escape_name(&short(&container.id));
        format!(", {} {id}", container.runtime.unwrap_or(language.pick("container", "容器")))
    }));
    let maker = account.maker.as_ref().map(named);
    let end = match (process.exit_signal.map(signal), maker, language) {
        (Some(signal), Some(maker), Language::English) => Some(format!(", killed by {signal} of {maker}")),
        (Some(signal), None, Language::English) => Some(format!(", killed by {signal}")),
        (Some(signal), Some(maker), Language::Chinese) => Some(format!("，被 {maker} 的 {signal} 杀死")),
        (Some(signal), None, Language::Chinese) => Some(format!("，被 {signal} 杀死")),
        (None, Some(maker), Language::English) => Some(format!(", at the hands of {maker}")),
        (None, Some(maker), Language::Chinese) => Some(format!("，由 {maker} 造成")),
        (None, None, _) => None,
    };
    words.extend(end);
    Some(words)
}

/// The name of a signal, as most architectures number it (`asm-generic/signal.h`).
fn signal(number: u8) -> String {
    let name = match number {
        1 => "SIGHUP",
        2 => "SIGINT",
        3 => "SIGQUIT",
        4 => "SIGILL",
        6 => "SIGABRT",
        7 => "SIGBUS",
        8 => "SIGFPE",
        9 => "SIGKILL",
        11 => "SIGSEGV",
        13 => "SIGPIPE",
        14 => "SIGALRM",
        15 => "SIGTERM",
        number => return format!("signal {number}"),
    };
    name.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::{KernelReset, RstReason};
    use crate::report::Context;
    use crate::seq::Seq;
    use crate::socket::{
        Container, Errno, Opened, SocketEvent, SocketFacts, SocketReset, Step, Told, Translation, Wire,
    };
    use crate::{connection::TcpState, language::Language};
    use alloc::vec;
    use jiff::tz::TimeZone;

    const CLIENT: Endpoint =
        Endpoint { ip: core::net::IpAddr::V4(core::net::Ipv4Addr::new(10, 0, 0, 1)), port: 40_000 };
    const SERVER: Endpoint = Endpoint { ip: core::net::IpAddr::V4(core::net::Ipv4Addr::new(10, 0, 0, 2)), port: 80 };

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_nanos(1_769_860_800_000_000_000 + millis * 1_000_000)
    }

    fn process(pid: u32, comm: &str) -> Process {
        Process { pid, comm: comm.into(), ..Process::default() }
    }

    fn facts(opened: Opened) -> SocketFacts {
        SocketFacts {
            snd_nxt: Seq::new(511),
            rcv_nxt: Seq::new(2_001),
            received: 1_000,
            acked: 10,
            unread: 106_928,
            opened,
            last_received: Some(at(500)),
            steps: vec![Step { time: at(0), state: TcpState::Established }],
            ..SocketFacts::default()
        }
    }

    /// The server's socket, which nginx closes with data unread.
    fn sent() -> SocketEvent {
        let word = KernelReset {
            time: at(1_000),
            reason: Some(RstReason::TcpAbortOnClose),
            reason_name: RstReason::TcpAbortOnClose.name().into(),
            state: "CLOSE".into(),
            local: SERVER,
            remote: Some(CLIENT),
            stack: vec!["__tcp_close".into()],
            comm: "nginx".into(),
            pid: 812,
        };
        let account = Account {
            socket: Some(facts(Opened::Passively)),
            process: Some(process(812, "nginx")),
            netns: 7,
            ..Account::default()
        };
        SocketEvent { time: at(1_000), told: Told::Sent(word), local: SERVER, remote: CLIENT, trigger: None, account }
    }

    /// The client's socket, which gets it.
    fn received() -> SocketEvent {
        let account = Account {
            socket: Some(facts(Opened::Actively)),
            process: Some(process(913, "curl")),
            errno: Some(Errno(104)),
            netns: 8,
            ..Account::default()
        };
        SocketEvent { time: at(1_000), told: Told::Received, local: CLIENT, remote: SERVER, trigger: None, account }
    }

    fn line_of(event: SocketEvent, peer: Option<SocketEvent>, notes: LineNotes<'_>) -> String {
        let outcome = SocketReset { event, peer, unsent: false }.outcome();
        let context = Context { files: vec![String::new()], zone: TimeZone::UTC, language: Language::English };
        line(&Explanation::new(&outcome, &context), Style::Plain, notes)
    }

    /// What awk finds: the fields before the sentence, and the values by their keys.
    fn fields(line: &str) -> (Vec<&str>, alloc::collections::BTreeMap<&str, &str>) {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        let keys = words.iter().filter_map(|word| word.split_once('=')).collect();
        (words[..6].to_vec(), keys)
    }

    #[test]
    fn a_syn_without_an_answer_is_no_byte() {
        let of = |state| {
            let mut refused = received();
            let steps = vec![Step { time: at(0), state }];
            refused.account.socket = Some(SocketFacts { unacked: 1, unread: 0, steps, ..facts(Opened::Actively) });
            line_of(refused, None, LineNotes::default())
        };
        assert!(!of(TcpState::SynSent).contains("unacked_bytes"), "{}", of(TcpState::SynSent));
        assert!(of(TcpState::Established).contains(" unacked_bytes=1"), "{}", of(TcpState::Established));
    }

    #[test]
    fn whoever_reported_it_a_line_has_one_shape() {
        for (event, peer) in [(sent(), None), (received(), None), (sent(), Some(received()))] {
            let line = line_of(event, peer, LineNotes::default());
            let (columns, keys) = fields(&line);
            assert_eq!(columns[..4], ["12:00:01.000000", "10.0.0.1:40000", ">", "10.0.0.2:80"], "{line}");
            assert_eq!((columns[4], columns[5].starts_with('[')), (keys["cause"], true), "{line}");
            assert!(line.contains("  by the server") && line.contains("  to the client"), "{line}");
            assert_eq!(keys["from"], "server", "{line}");
        }
    }

    #[test]
    fn numbers_have_no_blanks_and_what_is_not_known_has_no_key() {
        let line = line_of(sent(), Some(received()), LineNotes::default());
        let (_, keys) = fields(&line);
        let expected = [
            ("from_pid", "812"),
            ("from_comm", "nginx"),
            ("from_netns", "7"),
            ("to_pid", "913"),
            ("to_errno", "ECONNRESET"),
            ("unread_bytes", "106928"),
            ("idle_ms", "500.000"),
        ];
        for (key, value) in expected {
            assert_eq!(keys.get(key), Some(&value), "{line}");
        }
        for absent in ["from_unit", "from_signal", "maker_pid", "count", "late_ms", "service"] {
            assert_eq!(keys.get(absent), None, "{line}");
        }
        assert!(line.contains("106928 bytes unread"), "{line}");
    }

    #[test]
    fn a_silence_before_the_end_is_told_where_a_timer_may_have_measured_it() {
        let aborted = line_of(sent(), None, LineNotes::default());
        assert!(aborted.contains(", no data for 500 ms)"), "{aborted}");
        // It closed 1400 ms after the last data, and the next request came 600 ms later.
        let mut event = sent();
        let socket = event.account.socket.as_mut().unwrap();
        socket.unread = 0;
        socket.last_received = Some(event.time.plus(Span::from_millis(-2_000)));
        socket.last_sent = socket.last_received;
        let closed = event.time.plus(Span::from_millis(-600));
        socket.gone = Some(closed);
        socket.steps = vec![
            Step { time: event.time.plus(Span::from_millis(-2_100)), state: TcpState::Established },
            Step { time: closed, state: TcpState::FinWait1 },
        ];
        let line = line_of(event.clone(), None, LineNotes::default());
        assert!(
            line.contains("closed this connection 600.0 ms earlier, in state ESTABLISHED, after 1400 ms"),
            "{line}"
        );
        event.account.socket.as_mut().unwrap().last_received = Some(closed.plus(Span::from_millis(-499)));
        let line = line_of(event, None, LineNotes::default());
        assert!(!line.contains("without data"), "a slow answer is no silence: {line}");
    }

    #[test]
    fn container_unit_signal_and_killer_stand_in_the_line() {
        let mut event = sent();
        let nginx = event.account.process.as_mut().unwrap();
        nginx.exit_signal = Some(9);
        nginx.unit = Some("nginx.service".into());
        nginx.container = Some(Container { runtime: Some("podman"), id: "0123456789abcdef".into(), pod: None });
        event.account.maker = Some(process(700, "bash"));
        let line = line_of(event, None, LineNotes::default());
        let sentence = "by the server: nginx 812, nginx.service, podman 0123456789ab, killed by SIGKILL of bash 700";
        assert!(line.contains(sentence), "{line}");
        let (_, keys) = fields(&line);
        let found = ["from_unit", "from_container", "from_signal", "maker_pid", "maker_comm"].map(|key| keys[key]);
        assert_eq!(found, ["nginx.service", "0123456789ab", "9", "700", "bash"], "{line}");
    }

    #[test]
    fn a_name_with_blanks_escapes_and_line_ends_stays_one_field_of_one_line() {
        let mut event = sent();
        event.account.process = Some(process(812, "a b\n\u{1b}[2J=c\u{3000}\u{fffd}"));
        let line = line_of(event, None, LineNotes::default());
        assert!(!line.contains(['\n', '\u{1b}']), "{line:?}");
        let (_, keys) = fields(&line);
        assert_eq!(keys["from_comm"], "a\\x20b\\u{a}\\u{1b}[2J=c\\u{3000}\u{fffd}");
        assert_eq!(keys["from_pid"], "812");
    }

    #[test]
    fn behind_a_nat_the_line_says_client_service_and_who_answered() {
        let service = Endpoint::new([192, 0, 2, 1].into(), 8_080);
        let mut event = sent();
        event.account.translation = Translation::To(Wire { local: service, remote: CLIENT });
        let line = line_of(event, None, LineNotes::default());
        assert!(line.contains("through NAT: 10.0.0.1:40000 > 192.0.2.1:8080 > 10.0.0.2:80"), "{line}");
        let (_, keys) = fields(&line);
        assert_eq!((keys["service"], keys["server"]), ("192.0.2.1:8080", "10.0.0.2:80"), "{line}");
        // The same from the client, who does not know the container.
        let mut event = received();
        event.remote = service;
        event.account.translation = Translation::To(Wire { local: CLIENT, remote: SERVER });
        let line = line_of(event, None, LineNotes::default());
        assert!(line.contains("through NAT: 10.0.0.1:40000 > 192.0.2.1:8080 > 10.0.0.2:80"), "{line}");
        // Masqueraded: the server knows the client by another name.
        let masked = Endpoint::new([192, 0, 2, 9].into(), 50_000);
        let mut event = received();
        event.account.translation = Translation::To(Wire { local: masked, remote: SERVER });
        let line = line_of(event, None, LineNotes::default());
        assert!(line.contains("through NAT: 10.0.0.1:40000 (as 192.0.2.9:50000) > 10.0.0.2:80"), "{line}");
        assert_eq!(fields(&line).1["client_as"], "192.0.2.9:50000", "{line}");
    }

    #[test]
    fn one_line_says_for_how_many_it_stands_and_that_it_is_late() {
        let more = More { count: 13_413, within: Some(Span::from_millis(1_000)) };
        let line = line_of(sent(), None, LineNotes { more: Some(more), late: Some(Span::from_millis(60)), rules: &[] });
        assert!(line.contains("13413 more resets like this one in 1.0 s") && !line.contains('\n'), "{line}");
        let (_, keys) = fields(&line);
        assert_eq!(["count", "within_ms", "late_ms"].map(|key| keys[key]), ["13413", "1000.000", "60.000"]);
    }
}

//! A part as a C program with the sockets of POSIX.

use std::fmt::Write as _;

use whyrst_core::language::Language;

use crate::scenario::Family;

use super::options::{Constant, Opt, Value};
use super::page::headline;
use super::plan::{Act, Line, Opening, Part, Plan, Slot, said_words};

/// Of a line.
const COLUMNS: usize = 100;

/// What `listen` is given where the story says nothing.
const BACKLOG: u16 = 16;

pub(super) fn text(plan: &Plan, part: &Part, language: Language) -> String {
    let mut out = String::new();
    let _ = heading(&mut out, plan, part, language);
    let _ = helpers(&mut out, plan, part, said_words(language));
    let _ = main(&mut out, plan, part);
    out
}

fn heading(out: &mut String, plan: &Plan, part: &Part, language: Language) -> std::fmt::Result {
    let name = part.name;
    for (at, line) in headline(plan, part, language).into_iter().enumerate() {
        writeln!(out, "{}{line}", if at == 0 { "/* " } else { " * " })?;
    }
    let ports: Vec<String> = part.ports.iter().map(u16::to_string).collect();
    writeln!(out, " *\n *     cc -o {name} {name}.c && ./{name} {} */", ports.join(" "))?;
    let mut headers =
        vec!["arpa/inet.h", "errno.h", "netinet/tcp.h", "stdio.h", "stdlib.h", "string.h", "sys/socket.h", "unistd.h"];
    if part.has(|act| matches!(act, Act::Kill | Act::HeedSigpipe)) || ignores_sigpipe(part) {
        headers.push("signal.h");
    }
    if part.sets(|value| matches!(value, Value::Millis(_))) {
        headers.push("sys/time.h");
    }
    if !part.children.is_empty() {
        headers.push("sys/wait.h");
    }
    headers.sort_unstable();
    for header in headers.into_iter().filter(|header| *header != "netinet/tcp.h" || uses_tcp(part)) {
        writeln!(out, "#include <{header}>")?;
    }
    let mut missing: Vec<Constant> = part.options().map(|opt| opt.name).filter(|name| !name.in_python).collect();
    missing.sort_unstable();
    missing.dedup();
    for constant in missing {
        // Old headers of libc have not all of linux/tcp.h.
        writeln!(out, "\n#ifndef {0}\n#define {0} {1}\n#endif", constant.name, constant.value)?;
    }
    Ok(())
}

fn uses_tcp(part: &Part) -> bool {
    part.options().any(|opt| opt.name.name.starts_with("TCP_"))
}

/// Who writes to a connection that was reset is ended by SIGPIPE otherwise, before it sees EPIPE.
fn ignores_sigpipe(part: &Part) -> bool {
    use crate::scenario::ExpectedReturn::Fails;
    Plan::lines(part).any(|line| line.outcome == Fails("EPIPE")) && !part.has(|act| *act == Act::HeedSigpipe)
}

fn helpers(out: &mut String, plan: &Plan, part: &Part, said: &str) -> std::fmt::Result {
    let name = part.name;
    if part.buffer() > 0 {
        writeln!(out, "\nstatic char buffer[{}];", part.buffer())?;
    }
    writeln!(
        out,
        r#"
/* {said} */
static long said(const char *call, long result) {{
    if (result < 0)
        printf("{name}: %s = -1 errno %d (%s)\n", call, errno, strerror(errno));
    else
        printf("{name}: %s = %ld\n", call, result);
    fflush(stdout);
    return result;
}}"#
    )?;
    if part.needs_address() {
        out.push_str(match plan.scenario.family {
            Family::V4 => {
                r"
static struct sockaddr_in loopback(int port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}
"
            }
            Family::V6 => {
                r"
static struct sockaddr_in6 loopback(int port) {
    struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    address.sin6_addr = in6addr_loopback;
    return address;
}
"
            }
        });
    }
    Ok(())
}

struct Writer<'a> {
    out: &'a mut String,
    plan: &'a Plan,
    part: &'a Part,
    indent: usize,
}

fn main(out: &mut String, plan: &Plan, part: &Part) -> std::fmt::Result {
    let takes = if part.ports.is_empty() { "void" } else { "int argc, char **argv" };
    writeln!(out, "\nint main({takes}) {{")?;
    for (at, port) in part.ports.iter().enumerate() {
        writeln!(out, "    int {} = argc > {} ? atoi(argv[{}]) : {port};", part.port_name(*port), at + 1, at + 1)?;
    }
    let mut sockets = Vec::new();
    if part.has(|act| matches!(act, Act::Listen { .. })) {
        sockets.push("listener");
    }
    sockets.extend([Slot::Connection, Slot::Other].into_iter().filter(|slot| part.uses(*slot)).map(Slot::name));
    if !sockets.is_empty() {
        writeln!(out, "    int {};", sockets.join(", "))?;
    }
    if part.needs_address() {
        writeln!(out, "    struct {} address;", structure(plan.scenario.family))?;
    }
    if ignores_sigpipe(part) {
        writeln!(out, "    signal(SIGPIPE, SIG_IGN);")?;
    }
    let mut writer = Writer { out, plan, part, indent: 1 };
    writer.lines(&part.lines);
    if !part.children.is_empty() {
        writer.code("while (wait(NULL) > 0)");
        writer.code("    ;");
    }
    writer.code("return 0;");
    writeln!(out, "}}")
}

impl Writer<'_> {
    fn code(&mut self, text: &str) {
        let _ = writeln!(self.out, "{:indent$}{text}", "", indent = self.indent * 4);
    }

    fn lines(&mut self, lines: &[Line]) {
        for line in lines {
            self.prepare(&line.act);
            if let Some(remark) = &line.remark {
                self.out.push('\n');
                for text in super::page::wrapped(remark, 96 - self.indent * 4, "/* ", "   ", " */") {
                    self.code(&text);
                }
            }
            self.act(line);
        }
    }

    /// What has to be done before the line that is commented.
    fn prepare(&mut self, act: &Act) {
        match act {
            Act::Listen { opening, .. } => {
                self.socket("listener", opening);
                self.address(&self.part.port_name(opening.port));
                self.bind("listener");
            }
            Act::Connect { to, into } => {
                self.socket(into.name(), to);
                self.address(&self.part.port_name(to.port));
            }
            Act::ConnectUntilAccepted { to, into, .. } => {
                self.code("for (;;) {");
                self.indent += 1;
                self.socket(into.name(), to);
                self.address(&self.part.port_name(to.port));
            }
            Act::Dissolve(_) => self.code("struct sockaddr nobody = {.sa_family = AF_UNSPEC};"),
            Act::Write { bytes, .. } => self.code(&format!("memset(buffer, 'x', {bytes});")),
            _ => {}
        }
    }

    fn act(&mut self, line: &Line) {
        match &line.act {
            Act::Sleep(ms) => self.code(&format!("usleep({ms} * 1000);")),
            Act::Listen { backlog, .. } => {
                let backlog = backlog.unwrap_or(BACKLOG);
                self.must("listen()", &format!("listen(listener, {backlog})"));
            }
            Act::Accept(slot) => self.said("accept()", &format!("{} = accept(listener, NULL, NULL)", slot.name())),
            Act::Fork { child, gives } => self.fork(child, *gives),
            Act::Connect { into, .. } if line.must_succeed() => self.must("connect()", &connect(*into)),
            Act::Connect { into, .. } => self.said("connect()", &connect(*into)),
            Act::ConnectUntilAccepted { into, every_ms, .. } => self.connect_until(*into, *every_ms),
            Act::Write { on, bytes } => {
                self.said(&format!("write({bytes})"), &format!("write({}, buffer, {bytes})", on.name()));
            }
            Act::Say { on, octets } => {
                let quoted = quoted(octets);
                self.said(
                    &format!("write({})", octets.len()),
                    &format!("write({}, {quoted}, {})", on.name(), octets.len()),
                );
            }
            Act::Read { on, most } => {
                self.said(&format!("read({most})"), &format!("read({}, buffer, {most})", on.name()));
            }
            Act::Shutdown { on, how } => {
                let how = how.constant();
                self.said(&format!("shutdown({how})"), &format!("shutdown({}, {how})", on.name()));
            }
            Act::Set { on, options } => self.options(on.name(), options),
            Act::Dissolve(on) => {
                self.said("connect(AF_UNSPEC)", &format!("connect({}, &nobody, sizeof nobody)", on.name()));
            }
            Act::Close(on) => self.said("close()", &format!("close({})", on.name())),
            Act::CloseListener => self.said("close(listener)", "close(listener)"),
            Act::Kill => self.code("raise(SIGKILL);"),
            Act::HeedSigpipe => self.code("signal(SIGPIPE, SIG_DFL);"),
        }
    }

    fn said(&mut self, call: &str, expression: &str) {
        self.call("", &format!("said(\"{call}\","), expression, ");");
    }

    /// On one line where it fits.
    fn call(&mut self, before: &str, said: &str, expression: &str, after: &str) {
        let line = format!("{before}{said} {expression}{after}");
        if line.len() + self.indent * 4 <= COLUMNS {
            self.code(&line);
        } else {
            self.code(&format!("{before}{said}"));
            let below = before.len() + "said(".len();
            let rest = format!("{:below$}{expression}{after}", "");
            // A structure on a line of its own.
            match rest.split_once(", &(") {
                Some((first, value)) if rest.len() + self.indent * 4 > COLUMNS => {
                    self.code(&format!("{first},"));
                    self.code(&format!("{:1$}&({value}", "", below + "setsockopt(".len()));
                }
                _ => self.code(&rest),
            }
        }
    }

    /// The same of a call without which there is nothing to show.
    fn must(&mut self, call: &str, expression: &str) {
        self.call("if (", &format!("said(\"{call}\","), expression, ") < 0)");
        self.code("    exit(1);");
    }

    fn address(&mut self, port: &str) {
        self.code(&format!("address = loopback({port});"));
    }

    fn bind(&mut self, name: &str) {
        self.code(&format!("if (bind({name}, (struct sockaddr *)&address, sizeof address) < 0) {{"));
        self.code(&format!("    perror(\"{}: bind()\");", self.part.name));
        self.code("    exit(1);");
        self.code("}");
    }

    fn socket(&mut self, name: &str, opening: &Opening) {
        let family = match self.plan.scenario.family {
            Family::V4 => "AF_INET",
            Family::V6 => "AF_INET6",
        };
        let protocol = if opening.mptcp { "262 /* IPPROTO_MPTCP */" } else { "0" };
        self.code(&format!("{name} = socket({family}, SOCK_STREAM, {protocol});"));
        self.options_quietly(name, &opening.options);
        if let Some(port) = opening.from_port {
            self.address(&port.to_string());
            self.bind(name);
        }
    }

    fn connect_until(&mut self, into: Slot, every_ms: u32) {
        self.call("if (", "said(\"connect()\",", &connect(into), ") == 0)");
        self.code("    break;");
        self.code(&format!("close({});", into.name()));
        self.code(&format!("usleep({every_ms} * 1000);"));
        self.indent -= 1;
        self.code("}");
    }

    fn fork(&mut self, child: &str, gives: Slot) {
        let part = self.part;
        self.code("if (fork() == 0) {");
        self.indent += 1;
        self.code("close(listener);");
        if let Some(lines) = part.children.get(child) {
            self.lines(lines);
        }
        self.code("exit(0);");
        self.indent -= 1;
        self.code("}");
        self.code(&format!("close({});", gives.name()));
    }

    fn options(&mut self, name: &str, options: &[Opt]) {
        for option in options {
            self.said(&option.call(), &set(name, *option));
        }
    }

    fn options_quietly(&mut self, name: &str, options: &[Opt]) {
        for option in options {
            self.code(&format!("{};", set(name, *option)));
        }
    }
}

fn connect(into: Slot) -> String {
    format!("connect({}, (struct sockaddr *)&address, sizeof address)", into.name())
}

const fn structure(family: Family) -> &'static str {
    match family {
        Family::V4 => "sockaddr_in",
        Family::V6 => "sockaddr_in6",
    }
}

fn set(name: &str, Opt { level, name: option, value }: Opt) -> String {
    let value = match value {
        Value::Int(value) => format!("&(int){{{value}}}, sizeof(int)"),
        Value::Linger(seconds) => format!("&(struct linger){{1, {seconds}}}, sizeof(struct linger)"),
        Value::Millis(ms) => {
            format!("&(struct timeval){{{}, {}}}, sizeof(struct timeval)", ms / 1_000, ms % 1_000 * 1_000)
        }
    };
    format!("setsockopt({name}, {}, {}, {value})", level.name, option.name)
}

/// As a string of C; no escape of ours is longer than its character in the source.
pub(super) fn quoted(octets: &[u8]) -> String {
    let mut out = String::from("\"");
    for octet in octets {
        match octet {
            b'\r' => out.push_str("\\r"),
            b'\n' => out.push_str("\\n"),
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b' '..=b'~' => out.push(char::from(*octet)),
            _ => {
                let _ = write!(out, "\\{octet:03o}");
            }
        }
    }
    out.push('"');
    out
}

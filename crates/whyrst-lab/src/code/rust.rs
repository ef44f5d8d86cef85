//! A part as a Rust program with the standard library; what that does not offer is declared as C has it.

use std::fmt::Write as _;

use whyrst_core::language::Language;

use crate::scenario::{ExpectedReturn, Family};

use super::loopback;
use super::options::{Constant, Opt, Value};
use super::page::{headline, wrapped};
use super::plan::{Act, How, Line, Opening, Part, Plan, Slot, said_words};

/// What `listen` is given where the story says nothing.
const BACKLOG: u16 = 16;

pub(super) fn text(plan: &Plan, part: &Part, language: Language) -> String {
    let mut body = String::new();
    let mut writer = Writer { out: &mut body, plan, part, indent: 1, asks_c: false, joins: Vec::new() };
    writer.lines(&part.lines);
    for child in std::mem::take(&mut writer.joins) {
        writer.code(&format!("let _ = {child}.join();"));
    }
    let asks_c = writer.asks_c;
    let mut out = String::new();
    let _ = heading(&mut out, plan, part, &body, language);
    let _ = write!(out, "\nfn main() {{\n{}{body}}}\n", arguments(part));
    if asks_c {
        out.push_str(&c_interface(plan.scenario.family, &body, language));
    }
    out
}

fn arguments(part: &Part) -> String {
    let mut out = String::new();
    for (at, port) in part.ports.iter().enumerate() {
        let name = part.port_name(*port);
        let _ = writeln!(
            out,
            "    let {name}: u16 = std::env::args().nth({}).map_or({port}, |port| port.parse().expect(\"a port\"));",
            at + 1
        );
    }
    out
}

fn heading(out: &mut String, plan: &Plan, part: &Part, body: &str, language: Language) -> std::fmt::Result {
    let name = part.name;
    for line in headline(plan, part, language) {
        writeln!(out, "//! {line}")?;
    }
    let ports: Vec<String> = part.ports.iter().map(u16::to_string).collect();
    writeln!(out, "//!\n//!     rustc {name}.rs && ./{name} {}\n", ports.join(" "))?;
    let traits: Vec<&str> = [(".read(", "Read"), (".write(", "Write")]
        .into_iter()
        .filter(|(call, _)| body.contains(call))
        .map(|(_, name)| name)
        .collect();
    match traits.as_slice() {
        [] => writeln!(out, "use std::io;")?,
        traits => writeln!(out, "use std::io::{{self, {}}};", traits.join(", "))?,
    }
    let mut types: Vec<&str> = ["Shutdown", "TcpListener", "TcpStream"]
        .into_iter()
        .filter(|name| body.contains(&format!("{name}::")))
        .collect();
    if body.contains("= socket(") && !types.contains(&"TcpStream") {
        types.push("TcpStream");
    }
    if !types.is_empty() {
        writeln!(out, "use std::net::{{{}}};", types.join(", "))?;
    }
    let (asks, makes) = (calls(body, "setsockopt(") || body.contains(".as_raw_fd()"), body.contains("= socket("));
    match (asks, makes) {
        (_, true) => writeln!(out, "use std::os::fd::{{AsRawFd, FromRawFd, OwnedFd}};")?,
        (true, false) => writeln!(out, "use std::os::fd::AsRawFd;")?,
        (false, false) => {}
    }
    if body.contains("thread::") {
        writeln!(out, "use std::thread;")?;
    }
    if body.contains("Duration") {
        writeln!(out, "use std::time::Duration;")?;
    }
    let mut constants: Vec<Constant> = part
        .options()
        .filter(|opt| body.contains(&format!(", {},", opt.name.name)))
        .flat_map(|opt| [opt.level, opt.name])
        .collect();
    constants.sort_unstable();
    constants.dedup();
    if !constants.is_empty() {
        writeln!(out)?;
    }
    for constant in constants {
        writeln!(out, "const {}: i32 = {};", constant.name, constant.value)?;
    }
    if body.contains("said(") || body.contains("made(") {
        let words = said_words(language);
        writeln!(
            out,
            r#"
/// {words}
fn said(call: &str, result: io::Result<usize>) -> io::Result<usize> {{
    match &result {{
        Ok(value) => println!("{name}: {{call}} = {{value}}"),
        Err(error) => println!("{name}: {{call}} = -1 errno {{}} ({{error}})", error.raw_os_error().unwrap_or(0)),
    }}
    result
}}"#
        )?;
    }
    if body.contains("made(") {
        let words = language.pick("The same of a call that makes a socket.", "用于创建套接字的调用。");
        writeln!(
            out,
            r"
/// {words}
fn made<T>(call: &str, result: io::Result<T>) -> Option<T> {{
    let (value, result) = match result {{
        Ok(value) => (Some(value), Ok(0)),
        Err(error) => (None, Err(error)),
    }};
    let _ = said(call, result);
    value
}}"
        )?;
    }
    Ok(())
}

fn c_interface(family: Family, body: &str, language: Language) -> String {
    let (number, size, address) = match family {
        Family::V4 => (
            2,
            16,
            "let [high, low] = port.to_be_bytes();\n    let family = 2_u16.to_ne_bytes();\n    [family[0], family[1], high, low, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]",
        ),
        Family::V6 => (
            10,
            28,
            "let mut address = [0; 28];\n    address[..2].copy_from_slice(&10_u16.to_ne_bytes());\n    address[2..4].copy_from_slice(&port.to_be_bytes());\n    address[23] = 1;\n    address",
        ),
    };
    let (not_offered, one_of) = match language {
        Language::English => {
            ("What the standard library does not offer.", "`struct sockaddr` of that port on this host.")
        }
        Language::Chinese => ("标准库没有提供的函数。", "本机上该端口的 `struct sockaddr`。"),
    };
    let mut out = format!("\n/// {not_offered}\nmod c {{\n    unsafe extern \"C\" {{\n");
    for function in [
        "socket(domain: i32, kind: i32, protocol: i32) -> i32",
        "setsockopt(socket: i32, level: i32, name: i32, value: *const u8, size: u32) -> i32",
        "bind(socket: i32, address: *const u8, size: u32) -> i32",
        "listen(socket: i32, backlog: i32) -> i32",
        "connect(socket: i32, address: *const u8, size: u32) -> i32",
        "raise(signal: i32) -> i32",
        "signal(signal: i32, action: usize) -> usize",
    ] {
        let name = function.split('(').next().unwrap_or(function);
        let is_asked = body.contains(&format!("c::{name}("))
            || (name == "setsockopt" && calls(body, "setsockopt("))
            || (name == "socket" && body.contains("= socket("));
        if is_asked {
            let _ = writeln!(out, "        pub fn {function};");
        }
    }
    out.push_str("    }\n}\n");
    if body.contains("from_c(") || calls(body, "setsockopt(") {
        out.push_str(
            r"
fn from_c(result: i32) -> io::Result<usize> {
    usize::try_from(result).map_err(|_| io::Error::last_os_error())
}
",
        );
    }
    if body.contains("= socket(") {
        let _ = write!(
            out,
            r"
fn socket(protocol: i32) -> TcpStream {{
    unsafe {{ TcpStream::from(OwnedFd::from_raw_fd(c::socket({number}, 1, protocol))) }}
}}

/// {one_of}
fn address(port: u16) -> [u8; {size}] {{
    {address}
}}
"
        );
    }
    if calls(body, "setsockopt(") {
        out.push_str(
            r"
fn setsockopt<T>(socket: &impl AsRawFd, level: i32, name: i32, value: T) -> io::Result<usize> {
    let size = size_of::<T>() as u32;
    from_c(unsafe { c::setsockopt(socket.as_raw_fd(), level, name, (&raw const value).cast(), size) })
}
",
        );
    }
    out
}

/// Whether the body calls it, and not only says so.
fn calls(body: &str, function: &str) -> bool {
    body.match_indices(function).any(|(at, _)| !body[..at].ends_with('"'))
}

struct Writer<'a> {
    out: &'a mut String,
    plan: &'a Plan,
    part: &'a Part,
    indent: usize,
    asks_c: bool,
    joins: Vec<String>,
}

impl Writer<'_> {
    fn code(&mut self, text: &str) {
        let _ = writeln!(self.out, "{:indent$}{text}", "", indent = self.indent * 4);
    }

    fn lines(&mut self, lines: &[Line]) {
        for (at, line) in lines.iter().enumerate() {
            self.prepare(line, &lines[at + 1..]);
            if let Some(remark) = &line.remark {
                self.out.push('\n');
                for text in wrapped(remark, 96 - self.indent * 4, "// ", "// ", "") {
                    self.code(&text);
                }
            }
            self.act(line, &lines[at + 1..]);
        }
    }

    /// `let mut connection`, and as much of that as what follows needs.
    fn binding(&self, slot: Slot, rest: &[Line]) -> String {
        let until_bound = rest.iter().take_while(|line| !binds(&line.act, slot));
        let (mut used, mut changed) = (false, false);
        for line in until_bound {
            let child = match &line.act {
                Act::Fork { child, gives } if *gives == slot => self.part.children.get(child).map(Vec::as_slice),
                _ => None,
            };
            for act in child.unwrap_or_default().iter().map(|line| &line.act).chain([&line.act]) {
                if act.slot() == Some(slot) {
                    used |= !matches!(act, Act::Fork { .. }) || child.is_none();
                    changed |= matches!(act, Act::Write { .. } | Act::Say { .. } | Act::Read { .. });
                }
            }
        }
        let (underscore, mutable) = (if used { "" } else { "_" }, if changed { "mut " } else { "" });
        format!("let {mutable}{underscore}{}", slot.name())
    }

    /// What has to be done before the line that is commented.
    fn prepare(&mut self, line: &Line, rest: &[Line]) {
        match &line.act {
            Act::Listen { opening, backlog } if !is_plain(opening, *backlog) => {
                self.socket("socket", "let listening", opening);
                self.bind("listening", "here", &self.part.port_name(opening.port));
            }
            Act::Connect { to, into } if self.way(line, rest) == Way::ByHand => {
                let binding = self.binding(*into, rest);
                self.socket("socket", &binding, to);
                self.code(&format!("let there = address({});", self.part.port_name(to.port)));
            }
            Act::ConnectUntilAccepted { into, .. } => {
                let binding = self.binding(*into, rest);
                self.code(&format!("{binding} = loop {{"));
                self.indent += 1;
            }
            _ => {}
        }
    }

    fn act(&mut self, line: &Line, rest: &[Line]) {
        match &line.act {
            Act::Sleep(ms) => self.code(&format!("thread::sleep(Duration::from_millis({ms}));")),
            Act::Listen { opening, backlog } => self.listen(opening, *backlog),
            Act::Accept(slot) => {
                let binding = self.binding(*slot, rest);
                self.code(&format!("{binding} = made(\"accept()\", listener.accept()).expect(\"a connection\").0;"));
            }
            Act::Fork { child, gives } => self.fork(child, *gives),
            Act::Connect { to, into } => self.connect(to, *into, line, rest),
            Act::ConnectUntilAccepted { to, every_ms, .. } => {
                let (port, host) = (self.part.port_name(to.port), self.host());
                self.code(&format!(
                    "if let Some(connected) = made(\"connect()\", TcpStream::connect((\"{host}\", {port}))) {{"
                ));
                self.code("    break connected;");
                self.code("}");
                self.code(&format!("thread::sleep(Duration::from_millis({every_ms}));"));
                self.indent -= 1;
                self.code("};");
            }
            Act::Write { on, bytes } => {
                self.said(&format!("write({bytes})"), &format!("{}.write(&vec![b'x'; {bytes}])", on.name()));
            }
            Act::Say { on, octets } => {
                let quoted = octets.escape_ascii();
                self.said(&format!("write({})", octets.len()), &format!("{}.write(b\"{quoted}\")", on.name()));
            }
            Act::Read { on, most } => {
                self.said(&format!("read({most})"), &format!("{}.read(&mut vec![0; {most}])", on.name()));
            }
            Act::Shutdown { on, how } => {
                let word = match how {
                    How::Read => "Read",
                    How::Write => "Write",
                    How::Both => "Both",
                };
                let how = how.constant();
                self.said(
                    &format!("shutdown({how})"),
                    &format!("{}.shutdown(Shutdown::{word}).map(|()| 0)", on.name()),
                );
            }
            Act::Set { on, options } => {
                for option in options {
                    let set = self.set(on.name(), *option);
                    self.said(&option.call(), &set);
                }
            }
            Act::Dissolve(on) => {
                self.asks_c = true;
                self.said(
                    "connect(AF_UNSPEC)",
                    &format!("from_c(unsafe {{ c::connect({}.as_raw_fd(), [0; 16].as_ptr(), 16) }})", on.name()),
                );
            }
            Act::Close(on) => {
                self.code(&format!("drop({});", on.name()));
                self.closed("close()");
            }
            Act::CloseListener => {
                self.code("drop(listener);");
                self.closed("close(listener)");
            }
            Act::Kill => {
                self.asks_c = true;
                self.code("unsafe { c::raise(9) }; // SIGKILL");
            }
            Act::HeedSigpipe => {
                self.asks_c = true;
                self.code("unsafe { c::signal(13, 0) }; // SIGPIPE, SIG_DFL");
            }
        }
    }

    const fn host(&self) -> &'static str {
        loopback(self.plan.scenario.family)
    }

    fn said(&mut self, call: &str, expression: &str) {
        self.code(&format!("let _ = said(\"{call}\", {expression});"));
    }

    /// `drop` closes and keeps the result to itself.
    fn closed(&mut self, call: &str) {
        self.code(&format!("println!(\"{}: {call}\");", self.part.name));
    }

    /// The standard library sets `SO_REUSEADDR` and takes a backlog of its own.
    fn listen(&mut self, opening: &Opening, backlog: Option<u16>) {
        let (port, host) = (self.part.port_name(opening.port), self.host());
        let name = if self.part.has(|act| matches!(act, Act::Accept(_) | Act::CloseListener)) {
            "listener"
        } else {
            "_listener"
        };
        if is_plain(opening, backlog) {
            self.code(&format!(
                "let {name} = made(\"listen()\", TcpListener::bind((\"{host}\", {port}))).expect(\"a listener\");"
            ));
            return;
        }
        let backlog = backlog.unwrap_or(BACKLOG);
        let listen = format!("from_c(unsafe {{ c::listen(listening.as_raw_fd(), {backlog}) }})");
        self.code(&format!("said(\"listen()\", {listen}).expect(\"a listener\");"));
        self.code(&format!("let {name} = TcpListener::from(OwnedFd::from(listening));"));
    }

    fn socket(&mut self, function: &str, binding: &str, opening: &Opening) {
        self.asks_c = true;
        let name = binding.rsplit(' ').next().unwrap_or(binding).to_owned();
        let protocol = if opening.mptcp { 262 } else { 0 };
        self.code(&format!("{binding} = {function}({protocol});"));
        for option in &opening.options {
            let set = self.set(&name, *option);
            self.code(&format!("{set}.expect(\"{}\");", option.name.name));
        }
        if let Some(port) = opening.from_port {
            self.bind(&name, "from", &port.to_string());
        }
    }

    fn bind(&mut self, socket: &str, variable: &str, port: &str) {
        self.code(&format!("let {variable} = address({port});"));
        let bind = format!("c::bind({socket}.as_raw_fd(), {variable}.as_ptr(), {variable}.len() as u32)");
        self.code(&format!("from_c(unsafe {{ {bind} }}).expect(\"bind()\");"));
    }

    fn way(&self, line: &Line, rest: &[Line]) -> Way {
        let Act::Connect { to, into } = &line.act else { return Way::ByHand };
        let fails = matches!(line.outcome, ExpectedReturn::Fails(_));
        match (to.is_plain(), fails) {
            (true, false) => Way::Plain,
            (true, true) if self.binding(*into, rest).contains('_') => Way::Refused,
            _ => Way::ByHand,
        }
    }

    fn connect(&mut self, to: &Opening, into: Slot, line: &Line, rest: &[Line]) {
        let (port, host) = (self.part.port_name(to.port), self.host());
        let binding = self.binding(into, rest);
        let connect = format!("made(\"connect()\", TcpStream::connect((\"{host}\", {port})))");
        match self.way(line, rest) {
            Way::Refused => self.code(&format!("{connect};")),
            Way::Plain => self.code(&format!("{binding} = {connect}.expect(\"a connection\");")),
            Way::ByHand => {
                let name = binding.rsplit(' ').next().unwrap_or_default();
                let call = format!("c::connect({name}.as_raw_fd(), there.as_ptr(), there.len() as u32)");
                let said = format!("said(\"connect()\", from_c(unsafe {{ {call} }}))");
                if line.must_succeed() {
                    self.code(&format!("{said}.expect(\"a connection\");"));
                } else {
                    self.code(&format!("let _ = {said};"));
                }
            }
        }
    }

    fn fork(&mut self, child: &str, gives: Slot) {
        let part = self.part;
        let name = child.replace('-', "_");
        self.code(&format!("let {name} = thread::spawn(move || {{"));
        self.indent += 1;
        if !part.children.get(child).is_some_and(|lines| lines.iter().any(|line| line.act.slot() == Some(gives))) {
            self.code(&format!("let _{0} = {0};", gives.name()));
        }
        if let Some(lines) = part.children.get(child) {
            self.lines(lines);
        }
        self.indent -= 1;
        self.code("});");
        self.joins.push(name);
    }

    fn set(&mut self, name: &str, Opt { level, name: option, value }: Opt) -> String {
        let value = match value {
            Value::Int(value) => format!("{value}_i32"),
            Value::Linger(seconds) => format!("[1_i32, {seconds}]"),
            Value::Millis(ms) if option.name == "SO_RCVTIMEO" => {
                return format!("{name}.set_read_timeout(Some(Duration::from_millis({ms}))).map(|()| 0)");
            }
            Value::Millis(ms) => format!("[{}_i64, {}]", ms / 1_000, ms % 1_000 * 1_000),
        };
        self.asks_c = true;
        format!("setsockopt(&{name}, {}, {}, {value})", level.name, option.name)
    }
}

/// How a connection is made.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Plain,
    /// Nothing comes of it that anybody holds.
    Refused,
    /// With the calls of C.
    ByHand,
}

/// Whether the standard library listens like that.
fn is_plain(opening: &Opening, backlog: Option<u16>) -> bool {
    opening.options == [Opt::REUSE_ADDRESS] && !opening.mptcp && backlog.is_none()
}

/// Whether the act gives the slot a new connection.
fn binds(act: &Act, slot: Slot) -> bool {
    match act {
        Act::Accept(into) | Act::Connect { into, .. } | Act::ConnectUntilAccepted { into, .. } => *into == slot,
        _ => false,
    }
}

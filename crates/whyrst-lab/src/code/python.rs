//! A part as a Python program with the module `socket`.

use std::fmt::Write as _;

use whyrst_core::language::Language;

use crate::scenario::{ExpectedReturn, Family};

use super::loopback;
use super::options::{Constant, Opt, Value};
use super::page::{headline, wrapped};
use super::plan::{Act, Line, Opening, Part, Plan, Slot};

/// What `listen` is given where the story says nothing.
const BACKLOG: u16 = 16;

pub(super) fn text(plan: &Plan, part: &Part, language: Language) -> String {
    let mut out = String::new();
    let _ = heading(&mut out, plan, part, language);
    let mut writer = Writer { out: &mut out, plan, part, indent: 0 };
    writer.lines(&part.lines);
    if !part.children.is_empty() {
        writer.code("while True:");
        writer.code("    try:");
        writer.code("        os.wait()");
        writer.code("    except ChildProcessError:");
        writer.code("        break");
    }
    out
}

fn heading(out: &mut String, plan: &Plan, part: &Part, language: Language) -> std::fmt::Result {
    let name = part.name;
    let ports: Vec<String> = part.ports.iter().map(u16::to_string).collect();
    writeln!(out, "\"\"\"{}\n", headline(plan, part, language).join("\n"))?;
    writeln!(out, "    python3 {name}.py {}\n\"\"\"", ports.join(" "))?;
    let mut modules = vec!["socket"];
    modules.extend((!part.ports.is_empty()).then_some("sys"));
    modules.extend((needs_os(part) || !part.children.is_empty()).then_some("os"));
    modules.extend(part.has(|act| matches!(act, Act::Kill | Act::HeedSigpipe)).then_some("signal"));
    modules.extend(part.sets(|value| !matches!(value, Value::Int(_))).then_some("struct"));
    modules.extend(sleeps(part).then_some("time"));
    modules.sort_unstable();
    for module in modules {
        writeln!(out, "import {module}")?;
    }
    for (at, port) in part.ports.iter().enumerate() {
        let argument = at + 1;
        let variable = part.port_name(*port);
        let words = if at == 0 { "\n" } else { "" };
        writeln!(out, "{words}{variable} = int(sys.argv[{argument}]) if len(sys.argv) > {argument} else {port}")?;
    }
    let mut missing: Vec<Constant> = part.options().map(|opt| opt.name).filter(|name| !name.in_python).collect();
    missing.sort_unstable();
    missing.dedup();
    for (at, constant) in missing.into_iter().enumerate() {
        let before = if at == 0 && part.ports.is_empty() { "\n" } else { "" };
        writeln!(out, "{before}{} = {}  # linux/tcp.h", constant.name, constant.value)?;
    }
    writeln!(
        out,
        r#"

def said(call, function, *arguments):
    """{}"""
    try:
        result = function(*arguments)
    except OSError as error:
        print(f"{name}: {{call}} = -1 errno {{error.errno}} ({{error.strerror}})", flush=True)
        return False
    shown = len(result) if isinstance(result, bytes) else result if isinstance(result, int) else 0
    print(f"{name}: {{call}} = {{shown}}", flush=True)
    return result

"#,
        language.pick(
            "Calls, prints what came of it, and returns that: False where it failed.",
            "调用函数，打印结果并返回它；失败时返回 False。",
        )
    )
}

fn sleeps(part: &Part) -> bool {
    part.has(|act| matches!(act, Act::Sleep(_) | Act::ConnectUntilAccepted { .. }))
}

fn needs_os(part: &Part) -> bool {
    part.has(|act| matches!(act, Act::Kill))
}

struct Writer<'a> {
    out: &'a mut String,
    plan: &'a Plan,
    part: &'a Part,
    indent: usize,
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
                for text in wrapped(remark, 96 - self.indent * 4, "# ", "# ", "") {
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
                let port = self.part.port_name(opening.port);
                self.code(&format!("listener.bind((\"{}\", {port}))", self.host()));
            }
            Act::Connect { to, into } => self.socket(into.name(), to),
            Act::ConnectUntilAccepted { to, into, .. } => {
                self.code("while True:");
                self.indent += 1;
                self.socket(into.name(), to);
            }
            // The module has no address of AF_UNSPEC: the C library is asked itself.
            Act::Dissolve(_) => self.code("import ctypes"),
            _ => {}
        }
    }

    fn act(&mut self, line: &Line) {
        let outcome = line.outcome;
        match &line.act {
            Act::Sleep(ms) => self.code(&format!("time.sleep({})", seconds(*ms))),
            Act::Listen { backlog, .. } => {
                let backlog = backlog.unwrap_or(BACKLOG);
                self.said("listen()", &format!("listener.listen, {backlog}"));
            }
            Act::Accept(slot) => self.said_to("accept()", &format!("{}, _", slot.name()), "listener.accept"),
            Act::Fork { child, gives } => self.fork(child, *gives),
            Act::Connect { to, into } => {
                let port = self.part.port_name(to.port);
                let said = format!("said(\"connect()\", {}.connect, (\"{}\", {port}))", into.name(), self.host());
                if line.must_succeed() {
                    self.code(&format!("if {said} is False:"));
                    self.code("    sys.exit(1)");
                } else {
                    self.code(&said);
                }
            }
            Act::ConnectUntilAccepted { to, into, every_ms } => self.connect_until(to, *into, *every_ms),
            Act::Write { on, bytes } => {
                // `send` is one write; `sendall` would hide how much of it was taken.
                let way = if matches!(outcome, ExpectedReturn::DiesOf(_) | ExpectedReturn::Fails(_)) || *bytes < 4096 {
                    "send"
                } else {
                    "sendall"
                };
                self.write(*on, way, *bytes);
            }
            Act::Say { on, octets } => {
                let call = format!("write({})", octets.len());
                self.said(&call, &format!("{}.send, b{}", on.name(), super::c::quoted(octets)));
            }
            Act::Read { on, most } => self.said(&format!("read({most})"), &format!("{}.recv, {most}", on.name())),
            Act::Shutdown { on, how } => {
                let how = how.constant();
                self.said(&format!("shutdown({how})"), &format!("{}.shutdown, socket.{how}", on.name()));
            }
            Act::Set { on, options } => {
                for option in options {
                    self.said(&option.call(), &format!("{}.setsockopt, {}", on.name(), option_words(*option)));
                }
            }
            Act::Dissolve(on) => {
                self.said(
                    "connect(AF_UNSPEC)",
                    &format!("ctypes.CDLL(None).connect, {}.fileno(), bytes(16), 16", on.name()),
                );
            }
            Act::Close(on) => self.said("close()", &format!("{}.close", on.name())),
            Act::CloseListener => self.said("close(listener)", "listener.close"),
            Act::Kill => self.code("os.kill(os.getpid(), signal.SIGKILL)"),
            Act::HeedSigpipe => self.code("signal.signal(signal.SIGPIPE, signal.SIG_DFL)"),
        }
    }

    fn write(&mut self, on: Slot, way: &str, bytes: u32) {
        if way == "send" {
            self.said(&format!("write({bytes})"), &format!("{}.send, b\"x\" * {bytes}", on.name()));
        } else {
            self.code(&format!("said(\"write({bytes})\", lambda: {}.sendall(b\"x\" * {bytes}) or {bytes})", on.name()));
        }
    }

    fn said(&mut self, call: &str, function: &str) {
        self.code(&format!("said(\"{call}\", {function})"));
    }

    fn said_to(&mut self, call: &str, variable: &str, function: &str) {
        self.code(&format!("{variable} = said(\"{call}\", {function})"));
    }

    fn socket(&mut self, name: &str, opening: &Opening) {
        let family = match self.plan.scenario.family {
            Family::V4 => "AF_INET",
            Family::V6 => "AF_INET6",
        };
        let protocol = if opening.mptcp { ", 262" } else { "" };
        self.code(&format!("{name} = socket.socket(socket.{family}, socket.SOCK_STREAM{protocol})"));
        for option in &opening.options {
            self.code(&format!("{name}.setsockopt({})", option_words(*option)));
        }
        if let Some(port) = opening.from_port {
            self.code(&format!("{name}.bind((\"{}\", {port}))", self.host()));
        }
    }

    const fn host(&self) -> &'static str {
        loopback(self.plan.scenario.family)
    }

    fn connect_until(&mut self, to: &Opening, into: Slot, every_ms: u32) {
        self.code("try:");
        let port = self.part.port_name(to.port);
        self.code(&format!("    {}.connect((\"{}\", {port}))", into.name(), self.host()));
        self.code("    break");
        self.code("except ConnectionRefusedError as error:");
        self.code(&format!(
            "    print(f\"{}: connect() = -1 errno {{error.errno}} ({{error.strerror}})\", flush=True)",
            self.part.name
        ));
        self.code(&format!("    time.sleep({})", seconds(every_ms)));
        self.indent -= 1;
        self.code(&format!("print(\"{}: connect() = 0\", flush=True)", self.part.name));
    }

    fn fork(&mut self, child: &str, gives: Slot) {
        let part = self.part;
        self.code("if os.fork() == 0:");
        self.indent += 1;
        self.code("listener.close()");
        if let Some(lines) = part.children.get(child) {
            self.lines(lines);
        }
        self.code("os._exit(0)");
        self.indent -= 1;
        self.code(&format!("{}.close()", gives.name()));
    }
}

fn option_words(Opt { level, name, value }: Opt) -> String {
    let name = if name.in_python { format!("socket.{}", name.name) } else { name.name.to_owned() };
    let value = match value {
        Value::Int(value) => value.to_string(),
        Value::Linger(seconds) => format!("struct.pack(\"ii\", 1, {seconds})"),
        Value::Millis(ms) => format!("struct.pack(\"ll\", {}, {})", ms / 1_000, ms % 1_000 * 1_000),
    };
    format!("socket.{}, {name}, {value}", level.name)
}

fn seconds(ms: u32) -> String {
    format!("{}", f64::from(ms) / 1_000.0)
}

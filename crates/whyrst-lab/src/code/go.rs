//! A part as a Go program with the package `syscall`: the package `net` would wait for sockets in its own way.

use std::fmt::Write as _;

use whyrst_core::language::Language;

use crate::scenario::Family;

use super::options::{Constant, Opt, Value};
use super::page::{headline, wrapped};
use super::plan::{Act, How, Line, Opening, Part, Plan, Slot};

/// What `listen` is given where the story says nothing.
const BACKLOG: u16 = 16;

/// What the package has no name for.
const UNNAMED: [&str; 6] =
    ["SO_REUSEPORT", "TCP_USER_TIMEOUT", "TCP_REPAIR", "TCP_REPAIR_QUEUE", "TCP_QUEUE_SEQ", "TCP_FASTOPEN_CONNECT"];

pub(super) fn text(plan: &Plan, part: &Part, language: Language) -> String {
    let mut body = String::new();
    let mut writer = Writer { out: &mut body, part, indent: 1 };
    writer.lines(&part.lines);
    if !part.children.is_empty() {
        writer.code("children.Wait()");
    }
    let mut out = String::new();
    let _ = heading(&mut out, plan, part, &body, language);
    let _ = helpers(&mut out, plan.scenario.family, part, &body, language);
    let _ = write!(out, "\nfunc main() {{\n{body}}}\n");
    out
}

fn heading(out: &mut String, plan: &Plan, part: &Part, body: &str, language: Language) -> std::fmt::Result {
    let name = part.name;
    for line in headline(plan, part, language) {
        writeln!(out, "// {line}")?;
    }
    let ports: Vec<String> = part.ports.iter().map(u16::to_string).collect();
    writeln!(out, "//\n//	go run {name}.go {}\npackage main\n\nimport (", ports.join(" "))?;
    let packages = [
        ("bytes", body.contains("bytes.Repeat")),
        ("fmt", true),
        ("os", !part.ports.is_empty()),
        ("strconv", !part.ports.is_empty()),
        ("sync", !part.children.is_empty()),
        ("syscall", true),
        ("time", body.contains("time.Sleep")),
        ("unsafe", body.contains("unsafe.Pointer")),
    ];
    for (package, _) in packages.iter().filter(|(_, is_needed)| *is_needed) {
        writeln!(out, "\t\"{package}\"")?;
    }
    writeln!(out, ")")?;
    let mut missing: Vec<Constant> =
        part.options().map(|opt| opt.name).filter(|name| UNNAMED.contains(&name.name)).collect();
    missing.sort_unstable();
    missing.dedup();
    for constant in missing {
        writeln!(out, "\nconst {} = {}", constant.name, constant.value)?;
    }
    let mut sockets = Vec::new();
    sockets.extend(part.has(|act| matches!(act, Act::Listen { .. })).then_some("listener"));
    sockets.extend([Slot::Connection, Slot::Other].into_iter().filter(|slot| part.uses(*slot)).map(Slot::name));
    if !sockets.is_empty() {
        writeln!(out, "\nvar {} int", sockets.join(", "))?;
    }
    if !part.children.is_empty() {
        writeln!(out, "\nvar children sync.WaitGroup")?;
    }
    Ok(())
}

fn helpers(out: &mut String, family: Family, part: &Part, body: &str, language: Language) -> std::fmt::Result {
    let (name, words) = (
        part.name,
        language.pick("Prints what a call has returned: whether it succeeded.", "打印调用的返回值；返回它是否成功。"),
    );
    writeln!(
        out,
        r#"
// {words}
func said(call string, result int, err error) bool {{
	if errno, failed := err.(syscall.Errno); failed {{
		fmt.Printf("{name}: %s = -1 errno %d (%s)\n", call, int(errno), errno)
		return false
	}}
	fmt.Printf("{name}: %s = %d\n", call, result)
	return true
}}"#
    )?;
    let (domain, address) = match family {
        Family::V4 => ("AF_INET", "&syscall.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}}"),
        Family::V6 => ("AF_INET6", "&syscall.SockaddrInet6{Port: port, Addr: [16]byte{15: 1}}"),
    };
    let all = [
        (
            "argument(",
            "func argument(at int, otherwise int) int {\n\tif len(os.Args) > at {\n\t\tport, _ := \
             strconv.Atoi(os.Args[at])\n\t\treturn port\n\t}\n\treturn otherwise\n}"
                .to_owned(),
        ),
        (
            "socket(",
            format!(
                "func socket(protocol int) int {{\n\tmade, err := syscall.Socket(syscall.{domain}, \
                 syscall.SOCK_STREAM, protocol)\n\tif err != nil {{\n\t\tpanic(err)\n\t}}\n\treturn made\n}}"
            ),
        ),
        (
            "\tbind(",
            format!(
                "func bind(socket int, port int) {{\n\tif err := syscall.Bind(socket, loopback(port)); err != nil \
                 {{\n\t\tfmt.Fprintln(os.Stderr, \"{name}: bind():\", err)\n\t\tos.Exit(1)\n\t}}\n}}"
            ),
        ),
        ("loopback(", format!("func loopback(port int) syscall.Sockaddr {{\n\treturn {address}\n}}")),
        (
            "accept(",
            "func accept(listener int) int {\n\taccepted, _, err := syscall.Accept(listener)\n\tsaid(\"accept()\", \
             accepted, err)\n\treturn accepted\n}"
                .to_owned(),
        ),
        (
            "\tread(",
            "func read(socket int, most int) {\n\tcount, err := syscall.Read(socket, make([]byte, \
             most))\n\tsaid(fmt.Sprintf(\"read(%d)\", most), count, err)\n}"
                .to_owned(),
        ),
        (
            "\twrite(",
            "func write(socket int, data []byte) {\n\tcount, err := syscall.Write(socket, \
             data)\n\tsaid(fmt.Sprintf(\"write(%d)\", len(data)), count, err)\n}"
                .to_owned(),
        ),
    ];
    let needs = |call: &str| body.contains(call) || (call == "loopback(" && body.contains("\tbind("));
    for (_, function) in all.iter().filter(|(call, _)| needs(call)) {
        writeln!(out, "\n{function}")?;
    }
    Ok(())
}

struct Writer<'a> {
    out: &'a mut String,
    part: &'a Part,
    indent: usize,
}

impl Writer<'_> {
    fn code(&mut self, text: &str) {
        let _ = writeln!(self.out, "{}{text}", "\t".repeat(self.indent));
    }

    fn lines(&mut self, lines: &[Line]) {
        if self.indent == 1 {
            for (at, port) in self.part.ports.iter().enumerate() {
                self.code(&format!("{} := argument({}, {port})", self.part.port_name(*port), at + 1));
            }
        }
        for line in lines {
            self.prepare(&line.act);
            if let Some(remark) = &line.remark {
                self.out.push('\n');
                for text in wrapped(remark, 92 - self.indent * 4, "// ", "// ", "") {
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
                self.code(&format!("bind(listener, {})", self.part.port_name(opening.port)));
            }
            Act::Connect { to, into } => self.socket(into.name(), to),
            Act::ConnectUntilAccepted { to, into, .. } => {
                self.code("for {");
                self.indent += 1;
                self.socket(into.name(), to);
            }
            Act::Dissolve(_) => self.code("unspec := [16]byte{}"),
            _ => {}
        }
    }

    fn act(&mut self, line: &Line) {
        match &line.act {
            Act::Sleep(ms) => self.code(&format!("time.Sleep({ms} * time.Millisecond)")),
            Act::Listen { backlog, .. } => {
                let backlog = backlog.unwrap_or(BACKLOG);
                self.must("listen()", &format!("syscall.Listen(listener, {backlog})"));
            }
            Act::Accept(slot) => self.code(&format!("{} = accept(listener)", slot.name())),
            Act::Fork { child, gives } => self.fork(child, *gives),
            Act::Connect { to, into } if line.must_succeed() => self.must("connect()", &self.connect(to, *into)),
            Act::Connect { to, into } => self.said("connect()", &self.connect(to, *into)),
            Act::ConnectUntilAccepted { to, into, every_ms } => {
                self.code(&format!("if said(\"connect()\", 0, {}) {{", self.connect(to, *into)));
                self.code("\tbreak");
                self.code("}");
                self.code(&format!("syscall.Close({})", into.name()));
                self.code(&format!("time.Sleep({every_ms} * time.Millisecond)"));
                self.indent -= 1;
                self.code("}");
            }
            Act::Write { on, bytes } => {
                self.code(&format!("write({}, bytes.Repeat([]byte(\"x\"), {bytes}))", on.name()));
            }
            Act::Say { on, octets } => {
                self.code(&format!("write({}, []byte({}))", on.name(), super::c::quoted(octets)));
            }
            Act::Read { on, most } => self.code(&format!("read({}, {most})", on.name())),
            Act::Shutdown { on, how } => {
                let go = match how {
                    How::Read => "syscall.SHUT_RD",
                    How::Write => "syscall.SHUT_WR",
                    How::Both => "syscall.SHUT_RDWR",
                };
                self.said(&format!("shutdown({})", how.constant()), &format!("syscall.Shutdown({}, {go})", on.name()));
            }
            Act::Set { on, options } => {
                for option in options {
                    self.said(&option.call(), &set(on.name(), *option));
                }
            }
            Act::Dissolve(on) => {
                self.code(&format!(
                    "_, _, errno := syscall.Syscall(syscall.SYS_CONNECT, uintptr({}), \
                     uintptr(unsafe.Pointer(&unspec)), 16)",
                    on.name()
                ));
                self.code("if errno == 0 {");
                self.code("\tsaid(\"connect(AF_UNSPEC)\", 0, nil)");
                self.code("} else {");
                self.code("\tsaid(\"connect(AF_UNSPEC)\", -1, errno)");
                self.code("}");
            }
            Act::Close(on) => self.said("close()", &format!("syscall.Close({})", on.name())),
            Act::CloseListener => self.said("close(listener)", "syscall.Close(listener)"),
            Act::Kill => self.code("syscall.Kill(syscall.Getpid(), syscall.SIGKILL)"),
            // No scenario of Go's has this: the refusal says why.
            Act::HeedSigpipe => {}
        }
    }

    fn said(&mut self, call: &str, expression: &str) {
        self.code(&format!("said(\"{call}\", 0, {expression})"));
    }

    /// The same of a call without which there is nothing to show.
    fn must(&mut self, call: &str, expression: &str) {
        self.code(&format!("if !said(\"{call}\", 0, {expression}) {{"));
        self.code("\tos.Exit(1)");
        self.code("}");
    }

    fn socket(&mut self, name: &str, opening: &Opening) {
        let protocol = if opening.mptcp { 262 } else { 0 };
        self.code(&format!("{name} = socket({protocol})"));
        for option in &opening.options {
            self.code(&set(name, *option));
        }
        if let Some(port) = opening.from_port {
            self.code(&format!("bind({name}, {port})"));
        }
    }

    fn connect(&self, to: &Opening, into: Slot) -> String {
        format!("syscall.Connect({}, loopback({}))", into.name(), self.part.port_name(to.port))
    }

    fn fork(&mut self, child: &str, gives: Slot) {
        let part = self.part;
        let name = gives.name();
        self.code("children.Add(1)");
        self.code(&format!("go func({name} int) {{"));
        self.indent += 1;
        self.code("defer children.Done()");
        if let Some(lines) = part.children.get(child) {
            self.lines(lines);
        }
        self.indent -= 1;
        self.code(&format!("}}({name})"));
    }
}

fn set(socket: &str, Opt { level, name, value }: Opt) -> String {
    let option = if UNNAMED.contains(&name.name) { name.name.to_owned() } else { format!("syscall.{}", name.name) };
    let level = format!("syscall.{}", level.name);
    match value {
        Value::Int(value) => format!("syscall.SetsockoptInt({socket}, {level}, {option}, {value})"),
        Value::Linger(seconds) => {
            format!(
                "syscall.SetsockoptLinger({socket}, {level}, {option}, &syscall.Linger{{Onoff: 1, Linger: {seconds}}})"
            )
        }
        Value::Millis(ms) => format!(
            "syscall.SetsockoptTimeval({socket}, {level}, {option}, &syscall.Timeval{{Sec: {}, Usec: {}}})",
            ms / 1_000,
            ms % 1_000 * 1_000
        ),
    }
}

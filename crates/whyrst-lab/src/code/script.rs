//! `run.sh`: builds the programs, opens a network namespace where it may, starts them in the right order, and shows
//! what whyrst makes of it where that and tcpdump are installed.

use std::fmt::Write as _;

use nix::sys::signal::Signal;
use whyrst_core::language::Language;

use crate::scenario::ExpectedReturn;

use super::Program;
use super::plan::{Act, Part, Plan};

/// By its name in the folder that it is in by then: `$0` was named from another one.
const NAMESPACE: &str = "\
if [ -z \"${WHYRST_INSIDE:-}\" ]; then
    user=
    [ \"$(id -u)\" = 0 ] || user=\"--user --map-root-user\"
    WHYRST_INSIDE=shell exec unshare $user --net sh \"./${0##*/}\"
fi
ip link set lo mtu 1500 up

";

/// Where tcpdump ends at once, as it does in a user namespace, because it cannot change its user there, nothing is
/// captured.
const CAPTURE: &str = "\
tcpdump=
started=
trap 'kill $started 2>/dev/null || :' EXIT
if [ \"$WHYRST_INSIDE\" = shell ] && command -v tcpdump >/dev/null; then
    rm -f capture.pcap
    tcpdump -Z root -i lo --immediate-mode -U -w capture.pcap tcp 2>/dev/null &
    tcpdump=$!
    started=$tcpdump
    until [ -s capture.pcap ] || ! kill -0 \"$tcpdump\" 2>/dev/null; do sleep 0.05; done
    sleep 0.1
    kill -0 \"$tcpdump\" 2>/dev/null || tcpdump=
fi

";

pub(super) fn text(plan: &Plan, program: Program, language: Language) -> String {
    let mut out = String::from("#!/bin/sh\n");
    let id = plan.scenario.id;
    let _ = match language {
        Language::English => writeln!(
            out,
            "# Builds and runs the programs of {id}, on the loopback of a network namespace of their own, so that no\n\
             # packet leaves this host. Captures with tcpdump and explains with whyrst, where these are installed."
        ),
        Language::Chinese => writeln!(
            out,
            "# 构建并运行 {id} 的程序，使用独立网络命名空间的回环，不会有包离开本机。\n# 如果装有 tcpdump 和 whyrst，还会抓包并解释。"
        ),
    };
    out.push_str("set -eu\ncd \"$(dirname \"$0\")\"\n\n");
    build(&mut out, plan, program);
    out.push_str(NAMESPACE);
    out.push_str(CAPTURE);
    start(&mut out, plan, program, language);
    let killed = language.pick("Its status is that of a killed program.", "它的退出状态是被终止。");
    let comment = language.pick("Its status says what it found.", "退出状态说明发现了什么。");
    let _ = write!(
        out,
        "\nif [ -n \"$tcpdump\" ]; then\n    sleep 0.3\n    kill \"$tcpdump\"\n    # {killed}\n    wait \"$tcpdump\" || true\n    \
         if command -v whyrst >/dev/null; then\n        # {comment}\n        whyrst explain capture.pcap || \
         true\n    fi\nfi\nexit \"$status\"\n",
    );
    out
}

fn build(out: &mut String, plan: &Plan, program: Program) {
    let names: Vec<&str> = plan.parts.iter().map(|part| part.name).collect();
    let compile = match program {
        Program::C => "cc -Wall -Wextra -o \"$name\" \"$name.c\"",
        Program::Rust => "rustc --edition 2024 -o \"$name\" \"$name.rs\"",
        Program::Go => "go build -o \"$name\" \"$name.go\"",
        Program::Python => return,
    };
    let source = program.extension();
    let _ = writeln!(
        out,
        "for name in {}; do\n    [ \"$name\" -nt \"$name.{source}\" ] || {compile}\ndone\n",
        names.join(" ")
    );
}

/// Asks the kernel's own list, where state 0A is LISTEN: a connection to try it would be in the capture.
const LISTENING: &str = r#"listening() {
    grep -qs ":$(printf %04X "$1") [0-9A-F]*:0000 0A" /proc/net/tcp /proc/net/tcp6
}
"#;

/// Services first, and the others when these listen.
fn start(out: &mut String, plan: &Plan, program: Program, language: Language) {
    let (services, others): (Vec<&Part>, Vec<&Part>) = plan.parts.iter().partition(|part| part.is_service);
    if !services.is_empty() {
        out.push_str(LISTENING);
    }
    for part in &services {
        begin(out, part, program);
        if let Some(port) = part.ports.first() {
            let variable = variable(part);
            let _ = writeln!(
                out,
                "until listening {port}; do\n    kill -0 \"${variable}\" 2>/dev/null || exit 1\n    sleep 0.05\ndone"
            );
        }
    }
    for part in &others {
        begin(out, part, program);
    }
    out.push_str("\nstatus=0\n");
    for part in services.iter().chain(&others) {
        wait(out, part, language);
    }
}

fn variable(part: &Part) -> String {
    part.name.replace('-', "_")
}

/// Each ends well, or as the story has it.
fn wait(out: &mut String, part: &Part, language: Language) {
    let variable = variable(part);
    let _ = match death(part) {
        None => writeln!(out, "wait \"${variable}\" || status=$?"),
        Some(signal) => {
            let how = language.pick("its story ends so", "按情节就这样结束");
            let status = 128 + signal as i32;
            writeln!(out, "wait \"${variable}\" || [ $? = {status} ] || status=1 # {}: {how}", signal.as_str())
        }
    };
}

/// The signal that a program dies of.
fn death(part: &Part) -> Option<Signal> {
    part.lines.iter().find_map(|line| match (&line.act, line.outcome) {
        (Act::Kill, _) => Some(Signal::SIGKILL),
        (_, ExpectedReturn::DiesOf(name)) => name.parse().ok(),
        _ => None,
    })
}

fn begin(out: &mut String, part: &Part, program: Program) {
    let ports = part.ports.iter().fold(String::new(), |all, port| all + " " + &port.to_string());
    let command = match program {
        Program::Python => format!("python3 {}.py{ports}", part.name),
        Program::C | Program::Rust | Program::Go => format!("./{}{ports}", part.name),
    };
    let variable = variable(part);
    let _ = writeln!(out, "{command} &\n{variable}=$!\nstarted=\"$started ${variable}\"");
}

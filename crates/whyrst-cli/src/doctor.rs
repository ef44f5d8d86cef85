//! `whyrst doctor`: what this machine permits, by trying it, and how to get the rest.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result};
use nix::sched::{CloneFlags, unshare};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};
use whyrst_core::language::Language;
use whyrst_core::report::escape::escape_name;
use whyrst_core::report::markdown::literal;
use whyrst_core::report::style::{Part, Style};
use whyrst_model::host::{DoctorReport, DoctorSchema, DoctorStatus as Status};
use whyrst_output::Places;
use whyrst_probe::Live;

use crate::Completion;
use crate::args::{Doctor, Format};
use crate::output::{self, Output, padded};

/// One thing that was looked at.
#[derive(Debug)]
struct Check {
    name: &'static str,
    /// The name for a person.
    label: &'static str,
    status: Status,
    /// The commands that need it.
    needed_by: &'static [&'static str],
    /// What was found.
    found: String,
    /// How to get it; `null` where nothing is missing.
    advice: Option<&'static str>,
}

pub(crate) fn run(arguments: &Doctor) -> Result<Completion> {
    if arguments.try_namespaces {
        return try_namespaces();
    }
    let language = output::language(&arguments.common, arguments.format);
    let checks = checks(language);
    let style = output::style(&arguments.common);
    let mut output = Output::open(&arguments.common, &mut Places::default())?;
    for check in &checks {
        output.write(&match arguments.format {
            Format::Json => serde_json::to_string(&check.record())? + "\n",
            Format::Text => text(check, style, language),
            Format::Markdown => markdown(check, language),
        })?;
    }
    let has = |status| checks.iter().any(|check| check.status == status);
    if arguments.format != Format::Json && !arguments.common.quiet {
        output.write(&format!("\n{}\n", end(has(Status::Missing), has(Status::Less), language)))?;
    }
    output.finish()?;
    Ok(if has(Status::Missing) { Completion::Unexplained } else { Completion::Clean })
}

fn checks(language: Language) -> Vec<Check> {
    let tshark = language.pick(
        "sudo apt-get install tshark: shows annotated captures in a terminal",
        "sudo apt-get install tshark：在终端里显示带注释的抓包",
    );
    vec![
        kernel(language),
        btf(language),
        capabilities(language),
        lockdown(language),
        unprivileged_bpf(language),
        probe(language),
        packets(language),
        namespaces(language),
        tun(language),
        trace_events(language),
        program("nft", &["lab run", "check"], "sudo apt-get install nftables", language),
        program("tshark", &[], tshark, language),
        program("wireshark", &["explain --wireshark"], "sudo apt-get install wireshark", language),
    ]
}

const fn end(missing: bool, less: bool, language: Language) -> &'static str {
    match (missing, less) {
        (true, _) => language.pick(
            "explain, serve and causes need none of what is missing",
            "explain、serve 和 causes 不需要缺少的这些",
        ),
        (false, true) => language.pick(
            "every command works here; what says less would tell or show more",
            "所有命令都能用；标为“不全”的补上之后能看到更多",
        ),
        (false, false) => language.pick("every command works here", "所有命令都能用"),
    }
}

const fn status_word(status: Status, language: Language) -> &'static str {
    match status {
        Status::Ok => language.pick("ok", "正常"),
        Status::Less => language.pick("less", "不全"),
        Status::Missing => language.pick("missing", "缺少"),
    }
}

fn text(check: &Check, style: Style, language: Language) -> String {
    let part = match check.status {
        Status::Ok => Part::Firm,
        Status::Less => Part::Weak,
        Status::Missing => Part::Decisive,
    };
    let mut out = String::new();
    let head = style.paint(part, padded(status_word(check.status, language), 8));
    // Writing to a String cannot fail.
    let _ = writeln!(out, "{head} {} {}", padded(check.label, 19), escape_name(&check.found));
    if let Some(advice) = check.advice {
        let _ = writeln!(out, "{:29}{}", "", style.paint(Part::Dim, advice));
    }
    out
}

fn markdown(check: &Check, language: Language) -> String {
    let colon = language.pick(": ", "：");
    let mut out = format!(
        "- **{}** {}{colon}{}",
        status_word(check.status, language),
        check.label,
        literal(&escape_name(&check.found))
    );
    if let Some(advice) = check.advice {
        out += language.pick(". To get it: ", "。处理：");
        out += advice;
    }
    out + "\n"
}

impl Check {
    fn new(names: [&'static str; 2], needed_by: &'static [&'static str], found: impl Into<String>) -> Self {
        // The JSON has the first, whatever language a person reads.
        let [name, label] = names;
        Self { name, label, status: Status::Ok, needed_by, found: found.into(), advice: None }
    }

    fn record(&self) -> DoctorReport<'_> {
        DoctorReport {
            schema: DoctorSchema::V1,
            name: self.name.into(),
            status: self.status,
            needed_by: self.needed_by.iter().map(|command| (*command).into()).collect(),
            found: (&self.found).into(),
            advice: self.advice.map(Into::into),
        }
    }

    fn but(self, status: Status, advice: &'static str) -> Self {
        Self { status, advice: Some(advice), ..self }
    }
}

const LIVE: &[&str] = &["watch", "run", "agent", "serve --live"];

fn read(path: &str) -> Option<String> {
    fs::read_to_string(path).ok().map(|text| text.trim().to_owned())
}

/// The name in JSON and the name for a person.
const fn names(english: &'static str, chinese: &'static str, language: Language) -> [&'static str; 2] {
    [english, language.pick(english, chinese)]
}

fn kernel(language: Language) -> Check {
    let release = read("/proc/sys/kernel/osrelease").unwrap_or_default();
    let check = Check::new(names("kernel", "内核", language), LIVE, format!("Linux {release}"));
    let mut numbers = release.split(['.', '-']).map(str::parse::<u32>);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) if (major, minor) >= (6, 1) => check,
        _ => check.but(
            Status::Missing,
            language.pick("the probe needs Linux 6.1 or newer", "探针需要 Linux 6.1 或更新的内核"),
        ),
    }
}

fn btf(language: Language) -> Check {
    const PATH: &str = "/sys/kernel/btf/vmlinux";
    let names = names("kernel types (BTF)", "内核类型 (BTF)", language);
    match File::open(PATH) {
        Ok(_) => Check::new(names, LIVE, PATH),
        Err(error) => Check::new(names, LIVE, format!("{PATH}: {error}")).but(
            Status::Missing,
            language.pick(
                "use a kernel built with CONFIG_DEBUG_INFO_BTF=y, as distributions' kernels are",
                "换用以 CONFIG_DEBUG_INFO_BTF=y 编译的内核，各发行版的内核都是这样",
            ),
        ),
    }
}

fn capabilities(language: Language) -> Check {
    /// Bits of `CapEff` (linux/capability.h).
    const WANTED: [(&str, u32); 4] = [("CAP_NET_ADMIN", 12), ("CAP_NET_RAW", 13), ("CAP_PERFMON", 38), ("CAP_BPF", 39)];
    let status = read("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    let mask = mask.and_then(|hex| u64::from_str_radix(hex.trim(), 16).ok()).unwrap_or(0);
    let (have, lack): (Vec<_>, Vec<_>) = WANTED.iter().partition(|(_, bit)| mask >> bit & 1 == 1);
    let listed = |list: &[&(&'static str, u32)]| list.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    let names = names("capabilities", "权能", language);
    if lack.is_empty() {
        return Check::new(names, LIVE, listed(&have));
    }
    let lacking = format!("{}{}", language.pick("without ", "没有 "), listed(&lack));
    Check::new(names, LIVE, lacking).but(
        Status::Missing,
        language.pick(
            "run it with sudo, or: sudo setcap cap_bpf,cap_perfmon,cap_net_raw,cap_net_admin+ep WHYRST",
            "用 sudo 运行，或者：sudo setcap cap_bpf,cap_perfmon,cap_net_raw,cap_net_admin+ep WHYRST",
        ),
    )
}

fn lockdown(language: Language) -> Check {
    let names = names("lockdown", "lockdown", language);
    let Some(text) = read("/sys/kernel/security/lockdown") else {
        let unknown = language.pick("not in this kernel, or not readable", "这个内核没有，或者读不到");
        return Check::new(names, LIVE, unknown);
    };
    let check = Check::new(names, LIVE, text.clone());
    if text.contains("[confidentiality]") {
        check.but(
            Status::Missing,
            language.pick(
                "lockdown=confidentiality forbids reading kernel memory: boot with lockdown=integrity",
                "lockdown=confidentiality 禁止读取内核内存：请以 lockdown=integrity 启动",
            ),
        )
    } else {
        check
    }
}

fn unprivileged_bpf(language: Language) -> Check {
    let value = read("/proc/sys/kernel/unprivileged_bpf_disabled");
    let words = match value.as_deref() {
        Some("0") => language.pick(
            "0: anybody may load some BPF programs; whyrst needs more than those",
            "0：任何人都可以加载某些 BPF 程序；whyrst 需要的不止这些",
        ),
        Some("1") => {
            language.pick("1: only root and CAP_BPF, until the next boot", "1：只有 root 和 CAP_BPF，直到下次启动")
        }
        Some("2") => language.pick("2: only root and CAP_BPF", "2：只有 root 和 CAP_BPF"),
        _ => language.pick("not readable", "读不到"),
    };
    Check::new(names("unprivileged BPF", "非特权 BPF", language), LIVE, words)
}

/// What counts: loading the probe.
fn probe(language: Language) -> Check {
    let names = names("the probe", "探针", language);
    match Live::start() {
        Ok(live) if live.missing().is_empty() => {
            Check::new(names, LIVE, language.pick("loads, and finds all that it asks for", "可以加载，要问的都能问到"))
        }
        Ok(live) => {
            let missing: Vec<&str> = live.missing().iter().map(|missing| missing.what).collect();
            let without = language.pick("loads; not there: ", "可以加载；没有：");
            Check::new(names, LIVE, format!("{without}{}", missing.join(", "))).but(
                Status::Less,
                language.pick(
                    "a newer kernel, or kernel.kptr_restrict=0, tells more",
                    "换更新的内核，或设 kernel.kptr_restrict=0，可以问到更多",
                ),
            )
        }
        Err(error) => Check::new(names, LIVE, error.to_string())
            .but(Status::Missing, language.pick("see the lines above", "见上面各行")),
    }
}

fn packets(language: Language) -> Check {
    const NEEDED_BY: &[&str] = &["extcap", "watch --packets"];
    let names = names("packet capture", "抓包", language);
    let opened = socket(AddressFamily::Packet, SockType::Datagram, SockFlag::SOCK_CLOEXEC, None);
    match opened {
        Ok(_) => Check::new(names, NEEDED_BY, language.pick("packet sockets can be opened", "可以打开 packet 套接字")),
        Err(error) => {
            let what = language.pick("packet socket: ", "packet 套接字：");
            Check::new(names, NEEDED_BY, format!("{what}{error}")).but(
                Status::Missing,
                language.pick(
                    "needs CAP_NET_RAW: run it with sudo, or give whyrst the capability",
                    "需要 CAP_NET_RAW：用 sudo 运行，或把这项权能给 whyrst",
                ),
            )
        }
    }
}

/// In another process: whoever made a namespace stays in it.
fn namespaces(language: Language) -> Check {
    const NEEDED_BY: &[&str] = &["lab run"];
    let names = names("user namespaces", "用户命名空间", language);
    let tried = std::env::current_exe().and_then(|program| {
        let mut command = Command::new(program);
        command.args(["doctor", "--try-namespaces"]).stdin(Stdio::null()).stdout(Stdio::null()).output()
    });
    match tried {
        Ok(output) if output.status.success() => {
            let allowed = read("/proc/sys/user/max_user_namespaces");
            let allowed = allowed.as_deref().unwrap_or(language.pick("an unknown number of", "个数不详，"));
            let found = match language {
                Language::English => format!("work without root; {allowed} allowed"),
                Language::Chinese => format!("不需要 root 就能用；允许 {allowed} 个"),
            };
            Check::new(names, NEEDED_BY, found)
        }
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr);
            let said = said.trim().trim_start_matches("whyrst: ").to_owned();
            Check::new(names, NEEDED_BY, said).but(
                Status::Missing,
                language.pick(
                    "set user.max_user_namespaces above 0 and kernel.unprivileged_userns_clone, and on Ubuntu \
                     kernel.apparmor_restrict_unprivileged_userns=0; or run the lab with sudo",
                    "把 user.max_user_namespaces 设为大于 0 并打开 kernel.unprivileged_userns_clone，\
                     在 Ubuntu 上还要设 kernel.apparmor_restrict_unprivileged_userns=0；或者用 sudo 运行 lab",
                ),
            )
        }
        Err(error) => Check::new(names, NEEDED_BY, error.to_string())
            .but(Status::Missing, language.pick("cannot run whyrst again", "无法再次运行 whyrst")),
    }
}

fn try_namespaces() -> Result<Completion> {
    unshare(CloneFlags::CLONE_NEWUSER | CloneFlags::CLONE_NEWNET)
        .context("cannot make a user and network namespace")?;
    Ok(Completion::Clean)
}

fn tun(language: Language) -> Check {
    const PATH: &str = "/dev/net/tun";
    let names = names("TUN devices", "TUN 设备", language);
    match File::options().read(true).write(true).open(PATH) {
        Ok(_) => Check::new(names, &["lab run"], PATH),
        Err(error) => Check::new(names, &["lab run"], format!("{PATH}: {error}")).but(
            Status::Less,
            language.pick(
                "the lab uses veth pairs instead; for the device: sudo modprobe tun, and mode 0666 as udev gives it",
                "lab 会改用 veth；想用这个设备：sudo modprobe tun，并把权限设为 0666（udev 也是这样设的）",
            ),
        ),
    }
}

/// The lab mounts tracefs for itself when it is nowhere, and needs root for that.
fn trace_events(language: Language) -> Check {
    const PATH: &str = "/sys/kernel/tracing/events/tcp/tcp_send_reset/format";
    let names = names("reset reasons", "RST 的原因", language);
    match fs::read_to_string(PATH) {
        Ok(format) if format.contains("reason") => Check::new(
            names,
            &["lab run", "watch"],
            language.pick("tcp_send_reset tells why", "tcp_send_reset 给出原因"),
        ),
        Ok(_) => Check::new(
            names,
            &["lab run", "watch"],
            language.pick("tcp_send_reset does not tell why", "tcp_send_reset 不给出原因"),
        )
        .but(Status::Less, language.pick("Linux 6.10 and newer tell the reason", "Linux 6.10 和更新的内核会给出原因")),
        Err(error) if error.kind() == ErrorKind::NotFound && is_root() => Check::new(
            names,
            &["lab run"],
            language.pick(
                "tracefs is not mounted here; the lab mounts it for itself",
                "这里没有挂载 tracefs；lab 会自己挂载",
            ),
        ),
        Err(error) => Check::new(names, &["lab run"], format!("{PATH}: {error}")).but(
            Status::Less,
            language.pick(
                "only root's lab checks the kernel's own word (tracefs)",
                "只有以 root 运行的 lab 才核对内核自己的说法（tracefs）",
            ),
        ),
    }
}

fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}

fn program(name: &'static str, needed_by: &'static [&'static str], advice: &'static str, language: Language) -> Check {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain([Path::new("/usr/sbin").to_owned(), "/sbin".into()]);
    match folders.map(|folder| folder.join(name)).find(|program| program.is_file()) {
        Some(program) => Check::new([name; 2], needed_by, program.display().to_string()),
        None => Check::new([name; 2], needed_by, language.pick("not found in PATH", "在 PATH 中找不到"))
            .but(Status::Less, advice),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_han(character: char) -> bool {
        ('\u{3400}'..='\u{9fff}').contains(&character)
    }

    #[test]
    fn every_line_is_there_in_both_languages() {
        let [english, chinese] = Language::ALL.map(checks);
        assert_eq!(english.len(), chinese.len());
        for (english, chinese) in english.iter().zip(&chinese) {
            assert_eq!((english.name, english.status), (chinese.name, chinese.status), "the JSON is the same");
            let lines = [Language::English, Language::Chinese].map(|language| {
                let check = if language == Language::English { english } else { chinese };
                text(check, Style::Plain, language)
            });
            assert!(!lines[0].contains(is_han) && lines[1].contains(is_han), "{lines:?}");
            assert_eq!(english.advice.is_some(), chinese.advice.is_some());
        }
        for (missing, less) in [(false, false), (false, true), (true, false)] {
            assert!(end(missing, less, Language::Chinese).contains(is_han));
            assert!(!end(missing, less, Language::English).contains(is_han));
        }
    }

    #[test]
    fn columns_stand_under_each_other_in_chinese_too() {
        let check = Check::new(["kernel", "内核"], LIVE, "Linux");
        let column = |line: &str| line.split("Linux").next().map(unicode_width::UnicodeWidthStr::width);
        let english = text(&Check::new(["kernel"; 2], LIVE, "Linux"), Style::Plain, Language::English);
        assert_eq!(column(&text(&check, Style::Plain, Language::Chinese)), column(&english));
    }
}

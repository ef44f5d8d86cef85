//! The comments of a program, made from the steps and from what the kernels must say: which line makes the reset,
//! what a failing call means, and what a sleep waits for.

use whyrst_core::kernel::RstReason;
use whyrst_core::language::Language;

use crate::scenario::{Action, ExpectedReturn, Host, Scenario, SocketOption, Step};

/// What is said above the line of that step.
pub(super) fn of(scenario: &'static Scenario, number: usize, language: Language) -> Option<String> {
    let step = &scenario.steps[number];
    let matters = (decisive(scenario) == Some(number)).then(|| decisive_words(scenario, number, language));
    let result = result_words(step).map(|(english, chinese)| language.pick(english, chinese).to_owned());
    let about = about(step).map(|(english, chinese)| language.pick(english, chinese).to_owned());
    let said: Vec<String> = [matters, about, result].into_iter().flatten().collect();
    (!said.is_empty()).then(|| said.join(language.pick(" ", "")))
}

/// What is said above a sleep before that step, or at the end of the program.
pub(super) fn of_sleep(scenario: &'static Scenario, number: usize, language: Language) -> String {
    let Some(step) = scenario.steps.get(number) else {
        let stay = "To exit now would close the socket: stay until the others are done.";
        return language.pick(stay, "现在退出会关闭套接字：等到其他程序结束。").into();
    };
    let before = scenario.steps[..number].iter().rev();
    let mine = before.clone().take_while(|other| other.actor == step.actor).count();
    let others = scenario.steps[..number - mine].iter().rev();
    let last = others.take_while(|other| other.actor != step.actor).find_map(|other| Some((other, done(other)?)));
    match (last, language) {
        (Some((other, (english, _))), Language::English) => {
            format!("By then the {} has {english}.", other.actor.name)
        }
        (Some((other, (_, chinese))), Language::Chinese) => format!("到这时 {} {chinese}。", other.actor.name),
        (None, language) => language.pick("Nothing happens meanwhile.", "其间什么也不发生。").into(),
    }
}

/// The step that makes the first reset: a call of its sender, or what it answers.
pub(super) fn decisive(scenario: &Scenario) -> Option<usize> {
    let (sender, reason) = *scenario.expect.kernel.first()?;
    let steps = scenario.steps;
    let fails = |step: &Step| {
        step.actor.host != sender
            && matches!(step.outcome, ExpectedReturn::Fails("ECONNRESET" | "EPIPE" | "ECONNREFUSED"))
    };
    let failing = steps.iter().position(fails).unwrap_or(steps.len());
    let ends = |step: &Step| step.actor.host == sender && ends(&step.action);
    let ended = steps[..failing].iter().rposition(ends);
    if is_active(reason) {
        return ended;
    }
    let speaks = |step: &Step| step.actor.host != sender && speaks(&step.action);
    let after = ended.map_or(0, |at| at + 1);
    steps.iter().enumerate().skip(after).find(|(_, step)| speaks(step)).map(|(at, _)| at)
}

/// Whether its sender resets of its own accord, and not in answer to a segment.
const fn is_active(reason: RstReason) -> bool {
    !matches!(
        reason,
        RstReason::NoSocket
            | RstReason::TcpTimewaitSocket
            | RstReason::TcpFlags
            | RstReason::TcpAbortOnData
            | RstReason::InvalidSyn
    )
}

const fn ends(action: &Action) -> bool {
    matches!(
        action,
        Action::Close
            | Action::CloseListener
            | Action::IsKilled
            | Action::Dissolve
            | Action::Vanish
            | Action::ShutdownBoth
            | Action::ShutdownRead
    )
}

const fn speaks(action: &Action) -> bool {
    matches!(
        action,
        Action::Write { .. }
            | Action::Say(_)
            | Action::Connect { .. }
            | Action::ConnectWithin { .. }
            | Action::ConnectUntilAccepted { .. }
    )
}

fn decisive_words(scenario: &Scenario, number: usize, language: Language) -> String {
    let step = &scenario.steps[number];
    let unread = unread(scenario, number);
    let english_unread = unread.map_or_else(|| "Bytes are".to_owned(), |bytes| format!("{bytes} bytes are"));
    let chinese_unread = unread.map_or_else(|| "还有数据".to_owned(), |bytes| format!("还有 {bytes} 字节"));
    let aborts_unread = scenario.expect.kernel.first().is_some_and(|(_, reason)| *reason == RstReason::TcpAbortOnClose);
    let (english, chinese) = match step.action {
        Action::Close if aborts_unread => (
            format!("{english_unread} still unread: close() sends RST and not FIN."),
            format!("{chinese_unread}未读：close() 发送 RST 而不是 FIN。"),
        ),
        Action::Close if lingers(scenario, step) => (
            "With SO_LINGER {1, 0}, close() throws away what is left and sends RST and not FIN.".into(),
            "设置了 SO_LINGER {1, 0}，close() 丢弃剩余数据，发送 RST 而不是 FIN。".into(),
        ),
        Action::Close => ("This close() sends RST.".into(), "这个 close() 会发送 RST。".into()),
        Action::IsKilled => (
            format!("{english_unread} still unread: the kernel closes for a killed process, and sends RST."),
            format!("{chinese_unread}未读：内核替被杀的进程关闭套接字，并发送 RST。"),
        ),
        Action::CloseListener => (
            "A connection waits that nobody has accepted: it is reset together with its listener.".into(),
            "还有连接没有被 accept()：它随监听套接字一起被重置。".into(),
        ),
        Action::Dissolve => (
            "connect() to AF_UNSPEC dissolves a connection whose data has not arrived: RST.".into(),
            "connect() 到 AF_UNSPEC 会解除数据尚未送达的连接：发送 RST。".into(),
        ),
        Action::Connect { .. } | Action::ConnectWithin { .. } | Action::ConnectUntilAccepted { .. } => (
            "Nobody listens there: the kernel answers the SYN with RST.".into(),
            "那里没有人监听：内核用 RST 回应 SYN。".into(),
        ),
        Action::Write { .. } | Action::Say(_) => (
            "The other end no longer reads: its kernel answers this data with RST, while write() itself succeeds."
                .into(),
            "对端已经不再读取：它的内核用 RST 回应这些数据，而 write() 本身成功。".into(),
        ),
        _ => ("This line makes the reset.".into(), "这一行造成重置。".into()),
    };
    match language {
        Language::English => format!("THE LINE THAT MATTERS. {english}"),
        Language::Chinese => format!("关键的一行。{chinese}"),
    }
}

/// What the far end has written and this end has not read, where every read says how much it takes and one
/// connection is all there is.
fn unread(scenario: &Scenario, number: usize) -> Option<u64> {
    let steps = scenario.steps;
    let host = steps[number].actor.host;
    let connections = steps.iter().filter(|step| matches!(step.action, Action::Accept)).count();
    let (mut written, mut read) = (0_u64, 0_u64);
    for step in &steps[..number] {
        match (step.action, step.outcome) {
            (Action::Write { bytes }, _) if step.actor.host != host => written += u64::from(bytes),
            (Action::Say(octets), _) if step.actor.host != host => written += u64::try_from(octets.len()).ok()?,
            (Action::Read { .. }, ExpectedReturn::Gives(bytes)) if step.actor.host == host => {
                read += u64::try_from(bytes).ok()?;
            }
            (Action::Read { .. }, _) if step.actor.host == host => return None,
            _ => {}
        }
    }
    written.checked_sub(read).filter(|bytes| *bytes > 0 && connections == 1)
}

fn lingers(scenario: &Scenario, step: &Step) -> bool {
    let sets = |other: &Step| {
        other.actor == step.actor && matches!(other.action, Action::LingerZero | Action::Set(SocketOption::Linger(0)))
    };
    scenario.steps.iter().any(sets)
}

/// What a call does that few have met.
const fn about(step: &Step) -> Option<(&'static str, &'static str)> {
    Some(match step.action {
        Action::LingerZero => ("From here on close() sends RST.", "从这里起 close() 会发送 RST。"),
        Action::Vanish => (
            "In repair mode close() says nothing, as in a power cut (needs CAP_NET_ADMIN).",
            "修复模式下 close() 什么也不发送，就像断电一样（需要 CAP_NET_ADMIN）。",
        ),
        Action::HeedSigpipe => ("SIGPIPE does what it does by default.", "SIGPIPE 按默认方式处理。"),
        Action::ShutdownWrite => ("FIN: nothing more will be written.", "发送 FIN：不再写入。"),
        _ => return None,
    })
}

/// What a result means.
fn result_words(step: &Step) -> Option<(&'static str, &'static str)> {
    Some(match (step.outcome, step.action) {
        (ExpectedReturn::Fails("ECONNRESET"), _) => (
            "The RST has arrived: ECONNRESET (104), \"Connection reset by peer\".",
            "RST 已到达：ECONNRESET（104），“Connection reset by peer”。",
        ),
        (ExpectedReturn::Fails("ECONNREFUSED"), _) => (
            "RST in answer to SYN: ECONNREFUSED (111), \"Connection refused\".",
            "SYN 得到 RST：ECONNREFUSED（111），“Connection refused”。",
        ),
        (ExpectedReturn::Fails("EPIPE"), _) => {
            ("A write after the RST: EPIPE (32), \"Broken pipe\".", "RST 之后再写：EPIPE（32），“Broken pipe”。")
        }
        (ExpectedReturn::Fails("EAGAIN"), _) => {
            ("SO_RCVTIMEO has run out: EAGAIN (11).", "SO_RCVTIMEO 到时：EAGAIN（11）。")
        }
        (ExpectedReturn::DiesOf("SIGPIPE"), _) => ("SIGPIPE ends the program here.", "程序在这里因 SIGPIPE 结束。"),
        (ExpectedReturn::Gives(0), Action::Read { .. }) => {
            ("0: the other end has sent FIN.", "返回 0：对端已发送 FIN。")
        }
        _ => return None,
    })
}

/// What an actor has done, as it reads on after "has".
fn done(step: &Step) -> Option<(String, String)> {
    let plain = |english: &str, chinese: &str| Some((english.to_owned(), chinese.to_owned()));
    match step.action {
        Action::Connect { .. } | Action::ConnectWithin { .. } | Action::ConnectUntilAccepted { .. } => {
            plain("connected", "已经连接")
        }
        Action::Accept => plain("accepted the connection", "已经 accept()"),
        Action::Write { bytes } => Some((format!("written {bytes} bytes"), format!("已写入 {bytes} 字节"))),
        Action::Say(octets) => {
            Some((format!("written {} bytes", octets.len()), format!("已写入 {} 字节", octets.len())))
        }
        Action::Read { .. } => plain("read", "已经读取"),
        Action::Close | Action::Vanish => plain("closed", "已经关闭连接"),
        Action::CloseListener => plain("closed its listener", "已经关闭监听套接字"),
        Action::IsKilled => plain("been killed", "已被杀掉"),
        Action::ShutdownWrite | Action::ShutdownBoth | Action::ShutdownRead => {
            plain("called shutdown()", "已调用 shutdown()")
        }
        Action::Dissolve => plain("dissolved the connection", "已解除连接"),
        Action::Listen { .. } | Action::ListenWithBacklog { .. } | Action::ListenOnLoopback { .. } => {
            plain("begun to listen", "已开始监听")
        }
        _ => None,
    }
}

/// Who sends the first RST: `client`, `server`.
pub(super) fn sender(scenario: &Scenario) -> Option<Host> {
    scenario.expect.kernel.first().map(|(host, _)| *host)
}

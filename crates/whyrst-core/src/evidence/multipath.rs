//! Multipath TCP: what its options on the SYN and on the RST say (RFC 8684 sections 3.2, 3.5 and 3.6).
//!
//! The facts behind it: docs/internals/mptcp.md.

use super::answer::{Answer, Value, no, yes};
use super::question::{AskedOf, Question, Wording, by};
use crate::kernel::KernelWord;
use crate::outcome::{Basis, Outcome};
use crate::rst::Rst;
use crate::segment::OptionSet;

/// The RST aborts the whole MPTCP connection.
pub static RST_IS_FASTCLOSE: Question = Question {
    id: "rst-is-fastclose",
    asked_of: AskedOf::PacketsOrSocket,
    yes: "{} carries MP_FASTCLOSE, which aborts the whole Multipath TCP connection and not this subflow alone",
    no: "{} carries no MP_FASTCLOSE",
    unknown: "the options of the RST",
    zh: Wording {
        yes: "{}带有 MP_FASTCLOSE：它中止整个 Multipath TCP 连接，而不只是这条子流",
        no: "{}不带 MP_FASTCLOSE",
        unknown: "RST 的选项",
    },
    ask: by(|outcome| match (outcome.kernel(), outcome.rst()) {
        // Where no packet was seen, the kernel's call stack says which function made it.
        (KernelWord::Sent(event), Some(rst)) if outcome.basis() == Basis::Sockets && !event.stack.is_empty() => {
            let fastclose = event.stack.iter().any(|symbol| symbol.starts_with("mptcp_do_fastclose"));
            yes().frame(&rst.record).if_so(fastclose.into())
        }
        _ => match fastclose_in_ack(outcome) {
            Some(ack) => Answer::Yes(yes().frame(ack)),
            None => rst_has(outcome, OptionSet::MP_FASTCLOSE),
        },
    }),
};

/// The receiver of the RST had sent `MP_FASTCLOSE` in an acknowledgment, and the RST confirms it (RFC 8684 section 3.5).
pub static FASTCLOSE_CONFIRMED: Question = Question {
    id: "fastclose-confirmed",
    asked_of: AskedOf::Packets,
    yes: "{receiver} sent MP_FASTCLOSE in {}, and the RST is what {sender} must answer to that",
    no: "{receiver} sent no MP_FASTCLOSE before the RST",
    unknown: "the options of {receiver}'s last segment before the RST",
    zh: Wording {
        yes: "{receiver}在{}中发了 MP_FASTCLOSE，{sender}必须以 RST 应答它",
        no: "RST 之前{receiver}没有发过 MP_FASTCLOSE",
        unknown: "{receiver}在 RST 之前最后一个报文的选项",
    },
    ask: by(|outcome| match fastclose_in_ack(outcome) {
        Some(ack) => Answer::Yes(yes().frame(ack)),
        None if outcome
            .latest(|record| record.from == outcome.receiver() && !record.options.has(OptionSet::CUT))
            .is_some() =>
        {
            Answer::No(no())
        }
        None => Answer::Unknown,
    }),
};

/// The last segment of the RST's receiver, where it carries the option.
fn fastclose_in_ack(outcome: &Outcome) -> Option<&crate::history::Record> {
    let last = outcome.latest(|record| record.from == outcome.receiver())?;
    last.options.has(OptionSet::MP_FASTCLOSE).then_some(last)
}

/// The RST says by option that it ends one subflow.
pub static RST_ENDS_SUBFLOW: Question = Question {
    id: "rst-ends-subflow",
    asked_of: AskedOf::Packets,
    yes: "{} carries MP_TCPRST: {sender} resets this subflow of a Multipath TCP connection and gives a reason",
    no: "{} carries no MP_TCPRST",
    unknown: "the options of the RST",
    zh: Wording {
        yes: "{}带有 MP_TCPRST：{sender}重置 Multipath TCP 连接的这条子流，并给出了原因",
        no: "{}不带 MP_TCPRST",
        unknown: "RST 的选项",
    },
    ask: by(|outcome| rst_has(outcome, OptionSet::MP_TCPRST)),
};

/// The reason that the RST gives: MPTCP-specific error.
pub static SAYS_MPTCP_ERROR: Question = Question {
    id: "says-mptcp-error",
    asked_of: AskedOf::Packets,
    yes: "{} gives the reason {} (MPTCP-specific error)",
    no: "{} gives another reason: {}",
    unknown: "MP_TCPRST in the RST: middleboxes strip it",
    zh: Wording {
        yes: "{}给出的原因是{}（MPTCP-specific error）",
        no: "{}给出的是另一个原因：{}",
        unknown: "RST 中的 MP_TCPRST：中间设备会删掉它",
    },
    ask: by(|outcome| says(outcome, 1)),
};

/// The reason that the RST gives: administratively prohibited.
pub static SAYS_PROHIBITED: Question = Question {
    id: "says-prohibited",
    asked_of: AskedOf::Packets,
    yes: "{} gives the reason {} (administratively prohibited)",
    no: "{} gives another reason: {}",
    unknown: "MP_TCPRST in the RST: middleboxes strip it",
    zh: Wording {
        yes: "{}给出的原因是{}（administratively prohibited）",
        no: "{}给出的是另一个原因：{}",
        unknown: "RST 中的 MP_TCPRST：中间设备会删掉它",
    },
    ask: by(|outcome| says(outcome, 3)),
};

/// The reason that the RST gives: middlebox interference.
pub static SAYS_MIDDLEBOX: Question = Question {
    id: "says-middlebox",
    asked_of: AskedOf::Packets,
    yes: "{} gives the reason {} (middlebox interference)",
    no: "{} gives another reason: {}",
    unknown: "MP_TCPRST in the RST: the same middlebox may strip it",
    zh: Wording {
        yes: "{}给出的原因是{}（middlebox interference）",
        no: "{}给出的是另一个原因：{}",
        unknown: "RST 中的 MP_TCPRST：同一台中间设备可能会删掉它",
    },
    ask: by(|outcome| says(outcome, 6)),
};

/// The SYN wants to add a subflow to an existing connection.
pub static SYN_JOINS: Question = Question {
    id: "syn-joins",
    asked_of: AskedOf::Packets,
    yes: "the SYN ({}) carries MP_JOIN: it adds a subflow to an existing Multipath TCP connection",
    no: "the SYN ({}) does not join a Multipath TCP connection",
    unknown: "the SYN with its options",
    zh: Wording {
        yes: "SYN（{}）带有 MP_JOIN：它要给已有的 Multipath TCP 连接增加一条子流",
        no: "SYN（{}）不是要加入 Multipath TCP 连接",
        unknown: "带选项的 SYN",
    },
    ask: by(|outcome| match outcome.syn() {
        Some(syn) if !syn.options.has(OptionSet::CUT) => {
            yes().frame(syn).if_so(syn.options.has(OptionSet::MP_JOIN).into())
        }
        _ => Answer::Unknown,
    }),
};

/// The SYN-ACK has lost the `MP_JOIN` that the SYN had.
pub static SYN_ACK_LACKS_JOIN: Question = Question {
    id: "syn-ack-lacks-join",
    asked_of: AskedOf::Packets,
    yes: "the SYN-ACK ({}) has no MP_JOIN although the SYN had one: something on the path removed it, or {server} does not support MPTCP",
    no: "the SYN-ACK ({}) carries MP_JOIN",
    unknown: "the SYN-ACK as {client} received it: capture there",
    zh: Wording {
        yes: "SYN 带有 MP_JOIN，而 SYN-ACK（{}）没有：被路径上的设备删掉了，或{server}不支持 MPTCP",
        no: "SYN-ACK（{}）带有 MP_JOIN",
        unknown: "{client}实际收到的 SYN-ACK：在那里抓包",
    },
    ask: by(|outcome| match outcome.syn_ack() {
        Some(syn_ack) if syn_ack.options.has(OptionSet::CUT) => Answer::Unknown,
        Some(syn_ack) if !syn_ack.options.has(OptionSet::MP_JOIN) => Answer::Yes(yes().frame(syn_ack)),
        // Near the server it still has what a middlebox behind the capture point takes away.
        Some(_) if SAYS_MPTCP_ERROR.answer(outcome).is_yes() => Answer::Unknown,
        Some(syn_ack) => Answer::No(no().frame(syn_ack)),
        None => Answer::Unknown,
    }),
};

/// A connection that used MPTCP went on without its options.
pub static MPTCP_VANISHED: Question = Question {
    id: "mptcp-vanished",
    asked_of: AskedOf::Packets,
    yes: "{} has no Multipath TCP option although the connection had used Multipath TCP until {}",
    no: "every data segment carries its Multipath TCP option, the last in {}",
    unknown: "data segments with their options, from the handshake on",
    zh: Wording {
        yes: "连接直到{1}都在用 Multipath TCP，而{0}没有带它的选项",
        no: "每个数据报文都带有 Multipath TCP 选项，最后一个是{}",
        unknown: "从握手起、带选项的数据报文",
    },
    ask: by(|outcome| {
        let with = |record: &crate::history::Record| record.options.has(OptionSet::MPTCP);
        let without =
            |record: &crate::history::Record| record.len > 0 && !with(record) && !record.options.has(OptionSet::CUT);
        let Some(last) = outcome.latest(with) else { return Answer::Unknown };
        match outcome.latest(without) {
            Some(bare) if bare.from == last.from || bare.frame > last.frame => {
                Answer::Yes(yes().frame(bare).frame(last))
            }
            _ => Answer::No(no().frame(last)),
        }
    }),
};

fn rst_has(outcome: &Outcome, option: OptionSet) -> Answer {
    match outcome.rst() {
        Some(rst) if !rst.record.options.has(OptionSet::CUT) => {
            yes().frame(&rst.record).if_so(rst.record.options.has(option).into())
        }
        _ => Answer::Unknown,
    }
}

fn says(outcome: &Outcome, reason: u8) -> Answer {
    let said = outcome.rst().and_then(|rst: &Rst| Some((rst, rst.mptcp_reason?)));
    match said {
        Some((rst, code)) => yes().frame(&rst.record).value(Value::Number(code.into())).if_so((code == reason).into()),
        None => Answer::Unknown,
    }
}

//! Whom a service accepted around the moment at which it refused or reset this connection ([`crate::siblings`],
//! [`crate::service`]): a listener that lives, takes turns, is full, or refuses one host alone.

use super::answer::{Answer, Facts, Value, no, yes};
use super::question::{AskedOf, Question, Wording, by};
use super::siblings::{SIBLINGS_SERVED_AFTER, SIBLINGS_WERE_CUT, known};
use crate::outcome::Outcome;
use crate::service::Moment;
use crate::siblings::{End, Held};
use crate::time::Span;

/// Before and after: a program that is started anew is away for longer.
const AMID: Span = Span::from_secs(1);
/// Turns of accepting and refusing that are no chance.
const TURNS: u32 = 3;
/// A listener that was there between two refusals, with others accepted in between.
const TWICE: u32 = 2;
/// Starting a program and binding its port takes longer.
const AT_ONCE: Span = Span::from_millis(100);

/// The service accepted others right before it refused this one, and right after.
pub static REFUSED_AMID_ACCEPTANCES: Question = Question {
    id: "refused-amid-acceptances",
    asked_of: AskedOf::Packets,
    yes: "{server} accepted others {} before it refused this one ({}) and {} after ({}): the service was there all the time",
    no: "{server} accepted nobody within a second before this refusal and after: {} before at the least",
    unknown: "connects to {server} within a second before and after: were they accepted?",
    zh: Wording {
        yes: "{server}在拒绝这条连接之前{}（{}）和之后{}（{}）都接受了别的连接：服务一直都在",
        no: "在这次拒绝前后一秒之内{server}没有接受过连接：之前至少{}",
        unknown: "前后一秒之内到{server}的其他建连：被接受了吗？",
    },
    ask: by(|outcome| {
        let Some((before, after)) = acceptances_around(outcome) else { return Answer::Unknown };
        let (waited, came) = (outcome.time().since(before.time), after.time.since(outcome.time()));
        let facts = yes().span(waited).value(Value::Frame(before.frame)).shown_by(before.frame);
        let facts = facts.span(came).value(Value::Frame(after.frame)).shown_by(after.frame);
        if waited <= AMID && came <= AMID { Answer::Yes(facts) } else { Answer::No(no().span(waited)) }
    }),
};

/// Others were accepted right before, and right after or after each refusal like it.
pub static REFUSED_WHILE_ACCEPTING: Question = Question {
    id: "refused-while-accepting",
    asked_of: AskedOf::Packets,
    yes: "{server} accepted another connection {} before it refused this one ({}), and others right after it, or after each refusal before it",
    no: "{server} accepted nobody within a second before this refusal and after: {} before at the least",
    unknown: "connects to {server} within a second before and after: were they accepted?",
    zh: Wording {
        yes: "{server}在拒绝这条连接之前{}接受了另一条（{}），紧接着、或在此前每次拒绝之后，又接受了别的连接",
        no: "在这次拒绝前后一秒之内{server}没有接受过连接：之前至少{}",
        unknown: "前后一秒之内到{server}的其他建连：被接受了吗？",
    },
    ask: by(|outcome| match (REFUSED_AMID_ACCEPTANCES.answer(outcome), accepted_before(outcome)) {
        (Answer::No(facts), _) => Answer::No(facts),
        (answer, Some((before, waited))) if answer.is_yes() || takes_turns(outcome) => {
            Answer::Yes(yes().span(waited).value(Value::Frame(before.frame)).shown_by(before.frame))
        }
        _ => Answer::Unknown,
    }),
};

/// The service refused several times, each time amid acceptances: it was never down.
pub static SERVICE_KEPT_ACCEPTING: Question = Question {
    id: "service-kept-accepting",
    asked_of: AskedOf::Packets,
    yes: "within a minute {server} began to refuse {} times and accepted others each time in between: the service was there all the time",
    no: "{server} refused without accepting anybody in between",
    unknown: "more connects to {server}: are others accepted between the refusals?",
    zh: Wording {
        yes: "一分钟之内{server}有{}次开始拒绝，其间每次又接受了别的连接：服务一直都在",
        no: "{server}的几次拒绝之间没有接受过连接",
        unknown: "再多几次到{server}的建连：拒绝之间有没有别的连接被接受？",
    },
    ask: by(|outcome| {
        let turns = outcome.service_later().turns;
        let while_accepting = REFUSED_WHILE_ACCEPTING.answer(outcome).is_yes();
        // One that starts, fails at the first request and starts again takes such turns too.
        let fails = SIBLINGS_WERE_CUT.answer(outcome).is_yes();
        if turns.begun >= TURNS && while_accepting && !fails {
            Answer::Yes(yes().count(turns.begun.into()))
        } else {
            Answer::Unknown
        }
    }),
};

/// Others were accepted between two refusals, or so soon before and after this one that no program was started anew.
pub static LISTENER_LIVED: Question = Question {
    id: "listener-lived",
    asked_of: AskedOf::Packets,
    yes: "{server} accepted others {} apart and refused in between, and has begun to refuse {} times lately: its listener was there",
    no: "{server} accepted nobody between its refusals",
    unknown: "more connects to {server}: are others accepted between the refusals?",
    zh: Wording {
        yes: "{server}相隔{}接受了别的连接而在其间拒绝，近来有{}次开始拒绝：它的监听一直都在",
        no: "{server}的几次拒绝之间没有接受过连接",
        unknown: "再多几次到{server}的建连：拒绝之间有没有别的连接被接受？",
    },
    ask: by(|outcome| {
        let Some((before, after)) = acceptances_around(outcome) else { return Answer::Unknown };
        let (apart, turns) = (after.time.since(before.time), outcome.service_later().turns);
        // What is refused in turn is dealt out, and no queue is full.
        let in_turn = ACCEPTS_IN_TURN.answer(outcome).is_yes();
        if (turns.begun >= TWICE || apart < AT_ONCE) && !in_turn {
            Answer::Yes(yes().span(apart).count(turns.begun.into()))
        } else {
            Answer::Unknown
        }
    }),
};

/// The service accepts and refuses in turn, as a balancer deals connects out.
pub static ACCEPTS_IN_TURN: Question = Question {
    id: "accepts-in-turn",
    asked_of: AskedOf::Packets,
    yes: "{server} accepts {} and refuses {} in turn, {} times so far: connects are dealt out to several backends, and not all of them listen",
    no: "{server} began to refuse {} times, and never a host that it had accepted right before: a rule may tell them apart",
    unknown: "a few more connects to {server}: are they accepted and refused in turn?",
    zh: Wording {
        yes: "{server}轮流接受{}条、拒绝{}条，至今{}轮：连接被分给多个后端，其中有的没有监听",
        no: "{server}开始拒绝过{}次，但从没有拒绝刚刚接受过的主机：可能是规则在区分它们",
        unknown: "再多几次到{server}的建连：接受和拒绝是轮流的吗？",
    },
    ask: by(|outcome| {
        let turns = outcome.service_later().turns;
        if turns.begun < TURNS || outcome.sender() != outcome.connection().server() {
            return Answer::Unknown;
        }
        match (turns.accepted.same(), turns.refused.same()) {
            _ if turns.same_host == 0 => Answer::No(no().count(turns.begun.into())),
            (Some(accepted), Some(refused)) if turns.same_host >= TWICE => {
                Answer::Yes(yes().count(accepted.into()).count(refused.into()).count(turns.begun.into()))
            }
            // Many balancers deal out at random.
            _ => Answer::Unknown,
        }
    }),
};

/// So soon after it the service accepted others that no program was started in between.
pub static ACCEPTED_AT_ONCE: Question = Question {
    id: "accepted-at-once",
    asked_of: AskedOf::Packets,
    yes: "{server} accepted the next connection {} later: the service as a whole was there",
    no: "{server} accepted the next connection only {} later",
    unknown: "the next connect to {server}: was it accepted at once?",
    zh: Wording {
        yes: "{}之后{server}就接受了下一条连接：服务整体一直都在",
        no: "{}之后{server}才接受下一条连接",
        unknown: "到{server}的下一次建连：是否立刻被接受？",
    },
    ask: by(|outcome| {
        let Some((siblings, own)) = known(outcome) else { return Answer::Unknown };
        let same = siblings.deaths.iter().find(|one| one.client == own.client && one.time == own.time);
        match same.and_then(|one| one.next_accepted).map(|next| next.since(own.time)) {
            Some(waited) if waited <= AT_ONCE => Answer::Yes(yes().span(waited)),
            // Nobody may have asked.
            _ => Answer::Unknown,
        }
    }),
};

/// The stack that refused answers a SYN by RST when its accept queue is full. Windows does, and sends with TTL 128;
/// Linux and the BSDs, which send with 64, drop the SYN (`tcp_conn_request`).
pub static STACK_REFUSES_WHEN_FULL: Question = Question {
    id: "stack-refuses-when-full",
    asked_of: AskedOf::AnyPackets,
    yes: "{} arrived with TTL {}, and so was sent with 128, as Windows does: its full accept queue answers by RST",
    no: "{} arrived with TTL {}, and so was not sent with 128, as Windows does: other stacks drop a SYN when the accept queue is full",
    unknown: "the TTL of the RST",
    zh: Wording {
        yes: "{}到达时 TTL 为{}，即发出时为 128，是 Windows 的做法：accept 队列满时它以 RST 应答",
        no: "{}到达时 TTL 为{}，发出时不是 Windows 的 128：其他协议栈在 accept 队列满时丢弃 SYN",
        unknown: "RST 的 TTL",
    },
    ask: by(|outcome| {
        let Some(rst) = outcome.rst() else { return Answer::Unknown };
        let Some(ttl) = rst.record.ttl() else { return Answer::Unknown };
        yes().frame(&rst.record).value(Value::Ttl(ttl)).if_so((65..=128).contains(&ttl).into())
    }),
};

/// Of the connects to the service just those were refused whose SYN carried data (RFC 7413).
pub static ONLY_SYN_DATA_REFUSED: Question = Question {
    id: "only-syn-data-refused",
    asked_of: AskedOf::Packets,
    yes: "the SYN ({}) carries {} bytes of data (TCP Fast Open), as each of the {} that {server} refused; others it accepted meanwhile",
    no: "SYNs without data were refused as well, or this one ({}) carries none",
    unknown: "connects to {server} with and without data in the SYN: are just those with data refused?",
    zh: Wording {
        yes: "这个 SYN（{}）带有{}字节数据（TCP Fast Open），{server}拒绝的{}个都是如此；其间别的连接被接受",
        no: "不带数据的 SYN 也被拒绝过，或者这个 SYN（{}）不带数据",
        unknown: "到{server}的建连中，SYN 带数据和不带数据的：只有带数据的被拒绝吗？",
    },
    ask: by(|outcome| {
        let Some(syn) = outcome.syn().filter(|_| outcome.sender() == outcome.connection().server()) else {
            return Answer::Unknown;
        };
        let later = outcome.service_later();
        if syn.len == 0 || later.refused_plain > 0 {
            return Answer::No(no().frame(syn));
        }
        if later.refused_with_data < 2 || later.accepted.is_none() {
            return Answer::Unknown;
        }
        Answer::Yes(yes().frame(syn).count(syn.len.into()).count(later.refused_with_data.into()))
    }),
};

/// Whether the last refusal is one of a game of turns, and not the end of it.
pub(super) fn takes_turns(outcome: &Outcome) -> bool {
    let later = outcome.service_later();
    let goes_on = later.turns.refused.same().is_some_and(|refused| later.refusals <= refused);
    goes_on && ACCEPTS_IN_TURN.answer(outcome).is_yes()
}

/// The last acceptance before a refusal, where it came right before.
fn accepted_before(outcome: &Outcome) -> Option<(Moment, Span)> {
    let refused = outcome.sender() == outcome.connection().server();
    let before = outcome.service().accepted.filter(|_| refused)?;
    let waited = outcome.time().since(before.time);
    (waited <= AMID).then_some((before, waited))
}

/// Whether it refused this one while its listener was there: one backend of several does not listen, or the queue of a
/// stack that refuses then was full.
pub fn refused_while_up(outcome: &Outcome) -> bool {
    let full = || [&STACK_REFUSES_WHEN_FULL, &LISTENER_LIVED].iter().all(|one| one.answer(outcome).is_yes());
    SERVICE_KEPT_ACCEPTING.answer(outcome).is_yes() || full()
}

/// Whether the service went on right after it: others were answered, or accepted at once.
pub fn service_went_on(outcome: &Outcome) -> bool {
    let server = outcome.sender() == outcome.connection().server();
    server && [&SIBLINGS_SERVED_AFTER, &ACCEPTED_AT_ONCE].iter().any(|one| one.answer(outcome).is_yes())
}

/// The host of the client had more connections to the service when it was refused than it ever had when it was accepted.
pub static HELD_MORE_WHEN_REFUSED: Question = Question {
    id: "held-more-when-refused",
    asked_of: AskedOf::Packets,
    yes: "the host of {client} had {} connections to {server} open when this one was refused, and was accepted while it had at most {}: so at most {} are allowed",
    no: "the host of {client} had only {} open to {server} when this one was refused, and was accepted while it had {}",
    unknown: "all connections of the host of {client} to {server}: is it refused whenever it has a certain number of them open?",
    zh: Wording {
        yes: "这条被拒绝时，{client}所在主机到{server}有{}条连接打开着，而它被接受时最多有{}条：所以最多只允许{}条",
        no: "这条被拒绝时，{client}所在主机到{server}有{}条连接打开着，而它有{}条时也被接受过",
        unknown: "{client}所在主机到{server}的全部连接：是否每当打开到一定数量就被拒绝？",
    },
    ask: by(|outcome| {
        let Some(held) = held(outcome) else { return Answer::Unknown };
        let facts = |with: Facts| {
            let with = with.count(held.when_refused as u64).count(held.when_accepted as u64);
            with.count(held.when_accepted as u64 + 1)
        };
        if held.when_refused <= held.when_accepted {
            return Answer::No(facts(no()));
        }
        // One refusal beside a single connection is no limit that anybody sets: a service that went away looks the same.
        if held.when_accepted == 0 {
            return Answer::Unknown;
        }
        // It grew up to the number that is allowed, and was accepted once more after it had fallen below: a listener that
        // is closed while its connections live on does not come back for that.
        let after = outcome.service_later().recovered.is_some_and(|moment| moment.time > outcome.time());
        let reached = held.when_refused == held.when_accepted + 1;
        if reached && (after || held.other_after.is_some()) { Answer::Yes(facts(yes())) } else { Answer::Unknown }
    }),
};

/// Right before and right after the refusal the service accepted other hosts.
pub static OTHER_HOSTS_ACCEPTED: Question = Question {
    id: "other-hosts-accepted",
    asked_of: AskedOf::Packets,
    yes: "{server} accepted other hosts {} before and {} after it refused {client}: it was listening",
    no: "{server} accepted no other host within a second before and after",
    unknown: "connects of other hosts to {server} at the same time: are they accepted?",
    zh: Wording {
        yes: "{server}在拒绝{client}之前{}和之后{}都接受了别的主机：它在监听",
        no: "前后一秒之内{server}没有接受别的主机",
        unknown: "同一时间别的主机到{server}的建连：是否被接受？",
    },
    ask: by(|outcome| {
        let Some(held) = held(outcome) else { return Answer::Unknown };
        let (Some(before), Some(after)) = (held.other_before, held.other_after) else { return Answer::Unknown };
        let (before, after) = (outcome.time().since(before), after.since(outcome.time()));
        // Nobody may have asked.
        if before > AMID || after > AMID { Answer::Unknown } else { Answer::Yes(yes().span(before).span(after)) }
    }),
};

/// Hardly a host is started anew within this time, though the smallest virtual machines are.
const NO_BOOT: Span = Span::from_secs(5);

/// While the connection was silent, the service accepted another one.
pub static ACCEPTED_MEANWHILE: Question = Question {
    id: "accepted-meanwhile",
    asked_of: AskedOf::Packets,
    yes: "{server} accepted another connection at {}, while this one was silent: something listens there",
    no: "{server} accepted nothing while this one was silent",
    unknown: "other connects to {server} while this connection was silent: were they accepted?",
    zh: Wording {
        yes: "这条连接沉默期间，{server}于{}接受了另一条连接：那里有程序在监听",
        no: "这条连接沉默期间，{server}没有接受任何连接",
        unknown: "这条连接沉默期间到{server}的其他建连：是否被接受？",
    },
    ask: by(|outcome| {
        let Some((siblings, _)) = known(outcome).filter(|(_, own)| own.by == End::Server) else {
            return Answer::Unknown;
        };
        match siblings.begun_meanwhile {
            Some(time) => Answer::Yes(yes().value(Value::Time(time))),
            // Nobody may have asked.
            None => Answer::Unknown,
        }
    }),
};

/// So soon before the RST the server had answered, and it accepts others: it was hardly started anew in between.
pub static FORGOTTEN_AT_ONCE: Question = Question {
    id: "forgotten-at-once",
    asked_of: AskedOf::Packets,
    yes: "{server} had answered on this connection {} before, and accepts others: hardly a host starts anew in that time, so another one may answer now, or what lies between forgot the connection",
    no: "{server} had not answered for {}: its host may have been started anew",
    unknown: "other connects to {server} at that time: is it there, and accepts them?",
    zh: Wording {
        yes: "{server}在此之前{}还应答过这条连接，并且接受别的连接：主机很难在这段时间里重启，所以现在应答的可能是另一台，或者中间设备忘了这条连接",
        no: "{server}已有{}没有应答：主机可能重启过",
        unknown: "当时到{server}的其他建连：它在吗，接受吗？",
    },
    ask: by(|outcome| {
        let Some((_, own)) = known(outcome).filter(|(_, own)| own.by == End::Server && own.said > 0) else {
            return Answer::Unknown;
        };
        let there = || ACCEPTED_MEANWHILE.answer(outcome).is_yes() || ACCEPTED_AT_ONCE.answer(outcome).is_yes();
        match own.idle {
            long if long > NO_BOOT => Answer::No(no().span(long)),
            short if there() => Answer::Yes(yes().span(short)),
            _ => Answer::Unknown,
        }
    }),
};

/// Of a connect that was refused.
fn held(outcome: &Outcome) -> Option<&Held> {
    outcome.siblings()?.held.as_ref().filter(|_| outcome.sender() == outcome.connection().server())
}

fn acceptances_around(outcome: &Outcome) -> Option<(Moment, Moment)> {
    let refused = outcome.sender() == outcome.connection().server();
    let before = outcome.service().accepted.filter(|_| refused)?;
    let after = outcome.service_later().recovered.filter(|moment| moment.time > outcome.time())?;
    Some((before, after))
}

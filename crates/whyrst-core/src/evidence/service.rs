//! What the capture shows of the service beyond this one connection.

use super::accepting::{SERVICE_KEPT_ACCEPTING, takes_turns};
use super::answer::{Answer, Value, no, yes};
use super::question::{AskedOf, Question, Wording, by, not};
use crate::outcome::Outcome;
use crate::service::Moment;

/// The port had accepted connections before it refused this one.
pub static PORT_HAD_ACCEPTED: Question = Question {
    id: "port-had-accepted",
    asked_of: AskedOf::Packets,
    yes: "{server} still accepted a connection at {}, in {}: the service stopped after that",
    no: "{server} accepted no connection on this port",
    unknown: "earlier connections to this port: was the service running?",
    zh: Wording {
        yes: "{server}于{}还接受过连接，即{}：服务在那之后停止",
        no: "{server}在这个端口上没有接受过连接",
        unknown: "此前对这个端口的连接：服务当时在运行吗？",
    },
    ask: by(|outcome| match outcome.service().accepted {
        Some(moment) if concerns_service(outcome) && !SERVICE_KEPT_ACCEPTING.answer(outcome).is_yes() => {
            Answer::Yes(yes().value(Value::Time(moment.time)).value(Value::Frame(moment.frame)).shown_by(moment.frame))
        }
        _ => Answer::Unknown,
    }),
};

/// The port accepts connections again later.
pub static PORT_ACCEPTS_LATER: Question = Question {
    id: "port-accepts-later",
    asked_of: AskedOf::Packets,
    yes: "{server} accepted connections again from {} on, in {}",
    no: "{server} still refused at {}, in {}",
    unknown: "later connections to this port: did the service come back?",
    zh: Wording {
        yes: "{server}从{}起又接受连接，即{}",
        no: "{server}于{}仍在拒绝，即{}",
        unknown: "此后对这个端口的连接：服务恢复了吗？",
    },
    ask: by(|outcome| {
        if !concerns_service(outcome) {
            return Answer::Unknown;
        }
        let later = outcome.service_later();
        let time = outcome.time();
        if let Some(moment) = later.recovered.filter(|moment| moment.time > time) {
            return Answer::Yes(
                yes().value(Value::Time(moment.time)).value(Value::Frame(moment.frame)).shown_by(moment.frame),
            );
        }
        match later.refused.filter(|moment| moment.time > time && later.refusals > 0) {
            Some(moment) => Answer::No(
                no().value(Value::Time(moment.time)).value(Value::Frame(moment.frame)).shown_by(moment.frame),
            ),
            None => Answer::Unknown,
        }
    }),
};

/// After this reset the port refused new connections: the whole service ended, not one connection.
pub static PORT_REFUSED_AFTER: Question = Question {
    id: "port-refused-after",
    asked_of: AskedOf::Packets,
    yes: "{server} refused a new connection at {}, in {}: nothing was listening any more",
    no: "{server} accepted a new connection at {}, in {}: the service was still there",
    unknown: "a new connection to the same port after the reset: would it be refused?",
    zh: Wording {
        yes: "{server}于{}拒绝了新连接，即{}：已没有程序在监听",
        no: "{server}于{}接受了新连接，即{}：服务还在",
        unknown: "RST 之后对同一端口新建连接：会被拒绝吗？",
    },
    ask: by(|outcome| {
        if !concerns_service(outcome) {
            return Answer::Unknown;
        }
        let (later, time) = (outcome.service_later(), outcome.time());
        let after = |moment: &Moment| moment.time > time;
        // A refusal amid acceptances is no sign that the service ended with this reset.
        let meanwhile = later.accepted_before_refusals.filter(after);
        let refused = later.refused.filter(after).filter(|_| meanwhile.is_none() && !takes_turns(outcome));
        let accepted = meanwhile.or(later.accepted).filter(after);
        match (refused, accepted) {
            (Some(moment), _) => Answer::Yes(
                yes().value(Value::Time(moment.time)).value(Value::Frame(moment.frame)).shown_by(moment.frame),
            ),
            (None, Some(moment)) => Answer::No(
                no().value(Value::Time(moment.time)).value(Value::Frame(moment.frame)).shown_by(moment.frame),
            ),
            (None, None) => Answer::Unknown,
        }
    }),
};

/// After this reset the port accepted a new connection.
pub static PORT_ACCEPTED_AFTER: Question = Question {
    yes: "{server} accepted a new connection at {}, in {}: something was listening",
    unknown: "a new connection to the same port after the reset: would it be accepted?",
    zh: Wording {
        yes: "{server}于{}接受了新连接，即{}：有程序在监听",
        no: "{server}于{}拒绝了新连接，即{}：已没有程序在监听",
        unknown: "RST 之后对同一端口新建连接：会被接受吗？",
    },
    ..not("port-accepted-after", &PORT_REFUSED_AFTER)
};

/// What the service does says something of the server's resets, not of the client's.
fn concerns_service(outcome: &Outcome) -> bool {
    outcome.sender() == outcome.connection().server()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::conversation;

    #[test]
    fn a_refusal_after_the_service_had_accepted_others_is_no_sign_that_it_ended() {
        let text = "
            0.000 C:1 > S S 0:0(0)
            +0.001 C:1 < S SA 0:0(0) ack 1
            +0.0001 C:1 > S PA 1:101(100) ack 1
            +0.001 C:1 < S RA 1:1(0) ack 101
            0.3 C:2 > S S 0:0(0)
            +0.001 C:2 < S SA 0:0(0) ack 1
            0.5 C:3 > S S 0:0(0)
            +0.001 C:3 < S RA 0:0(0) ack 1";
        assert!(PORT_REFUSED_AFTER.answer(&conversation(text).outcomes()[0]).is_no());
        let ended = text.replace("C:2 < S SA 0:0(0) ack 1", "C:2 < S RA 0:0(0) ack 1");
        assert!(PORT_REFUSED_AFTER.answer(&conversation(&ended).outcomes()[0]).is_yes());
    }

    #[test]
    fn a_refusal_by_the_service_is_no_answer_about_a_reset_of_its_client() {
        let text = "
            0.000 C:1 > S S 0:0(0)
            +0.001 C:1 < S SA 0:0(0) ack 1
            +0.0001 C:1 > S A 1:1(0) ack 1
            0.010 C:1 < S PA 1:101(100) ack 1
            +0.001 C:1 > S RA 1:1(0) ack 101
            0.5 C:2 > S S 0:0(0)
            +0.001 C:2 < S RA 0:0(0) ack 1";
        assert_eq!(PORT_REFUSED_AFTER.answer(&conversation(text).outcomes()[0]), Answer::Unknown);
    }
}

//! The machine's report: one [`Report`] a line.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use whyrst_model::report::{
    AlternativeReport, AskedFor, DecideReport, Effect, Ends, EvidenceReport, FamilyReport, IdleSuspect, KernelReport,
    MechanismReport, ReasonReport, Report, ReportSchema, ResetReport, SiblingsReport, Stats, TwinReport, Verdict,
};
use whyrst_model::vocabulary::{AnswerWord, End};

use super::escape::escape;
use super::{Context, Explanation, said};
use crate::cause::Cause;
use crate::evidence::idle::idle_suspects;
use crate::evidence::{Answer, Facts};
use crate::flow::Side;
use crate::kernel::KernelWord;
use crate::outcome::{OnWire, Outcome, OutcomeKind};
use crate::recording::Told;
use crate::rst::Rst;
use crate::segment::Flags;
use crate::siblings::{Death, Exchange, Siblings};
use crate::time::{Span, Timestamp};
use crate::timeouts::IdleTimeout;
use crate::verdict::decide::Decision;
use crate::verdict::makers::other_maker;
use crate::verdict::{Confidence, Evidence, Reason, Role, Shape};
use crate::zeek::conn_state;

/// One line of JSON for `outcome`, without a line end.
pub fn line(outcome: &Outcome, context: &Context) -> String {
    folded_line(outcome, context, 1)
}

/// One line of JSON that stands for `count` outcomes that are equal but for their times and ports.
pub fn folded_line(outcome: &Outcome, context: &Context, count: u64) -> String {
    let explanation = Explanation::new(outcome, context);
    serde_json::to_string(&Report { count, ..explanation.record() }).unwrap_or_default()
}

/// One line of JSON for what was told live, with the resets like it that were only counted.
pub fn told_line(told: &Told, context: &Context) -> String {
    folded_line(&told.reset.outcome(), context, told.more.max(1))
}

/// One line of JSON for what was judged already, without a line end.
pub fn line_of(explanation: &Explanation<'_>) -> String {
    serde_json::to_string(&explanation.record()).unwrap_or_default()
}

/// The same with what a page shows beyond it (the ladder, the sentences of the text report), and without
/// the answers that it does not show: what is unknown stands in its sentences, and what might have refuted the
/// verdict and did not is no evidence for it.
pub fn page_line(explanation: &Explanation<'_>, count: u64) -> String {
    serde_json::to_string(&page_record(explanation, count)).unwrap_or_default()
}

/// The record of [`page_line`].
pub fn page_record<'a>(explanation: &'a Explanation<'_>, count: u64) -> Report<'a> {
    let mut record = Report { count, page: Some(explanation.page()), ..explanation.record() };
    let shown = |role, answer| answer != AnswerWord::Unknown && (role != Role::Refutes || answer == AnswerWord::Yes);
    record.evidence.retain(|one| shown(one.role, one.answer));
    record
}

impl Explanation<'_> {
    /// The record of it: what JSON, table rows and logs are made of.
    pub fn record(&self) -> Report<'_> {
        let (outcome, judgement) = (self.outcome, &self.judgement);
        let connection = outcome.finally();
        let frame = outcome.rst().map_or(connection.first_frame, |rst| rst.record.frame);
        let ends =
            Ends { client: connection.endpoint(connection.client), server: connection.endpoint(connection.server()) };
        Report {
            schema: match outcome.kind() {
                OutcomeKind::Reset => ReportSchema::Reset,
                OutcomeKind::FailedConnect => ReportSchema::FailedConnect,
            },
            source: self.context.file(self.first_named(frame)).into(),
            time: outcome.time(),
            client: ends.client,
            server: ends.server,
            roles: connection.roles,
            on_wire: match outcome.on_wire() {
                OnWire::Unknown => None,
                OnWire::Same => Some(ends),
                OnWire::Other { client, server } => Some(Ends { client, server }),
            },
            resets: self.reset_reports(),
            resets_total: outcome.rsts_total().saturating_add(self.resets_elsewhere()),
            phase: judgement.phase,
            origin: judgement.origin,
            kind: judgement.kind,
            verdict: Verdict {
                cause: self.cause_id().into(),
                confidence: judgement.confidence,
                title: self.title().into(),
            },
            headline: self.headline().into(),
            family: self.family_report(),
            origin_confidence: judgement.origin_confidence,
            mechanism: self.mechanism_report(),
            reasons: self.reason_reports(),
            decide: self.decide_reports(),
            alternatives: self.alternative_reports(),
            evidence: self.evidence_reports(),
            advice: judgement
                .cause
                .map_or(Vec::new(), |cause| self.advice(cause).into_iter().map(Into::into).collect()),
            kernel: self.kernel_report(),
            socket: self.teller().and_then(|side| self.socket_report(side)),
            process: self.teller().and_then(|side| self.process_report(side)),
            peer_socket: self.peer().and_then(|side| self.socket_report(side)),
            peer_process: self.peer().and_then(|side| self.process_report(side)),
            listened: self.listened_report(),
            idle_suspects: idle_suspects(outcome).map(|found| found.into_iter().map(idle_suspect).collect()),
            display_filter: self.display_filter().into(),
            capture_filter: self.capture_filter().into(),
            history: connection.letters.as_str().into(),
            conn_state: conn_state(connection).into(),
            severity: judgement.severity,
            severity_reason: self.severity_words().into(),
            asked_for: outcome.asked().map(|asked| AskedFor { name: (&*asked.name).into(), stood_in: asked.stood_in }),
            words: self.word_reports(),
            claims: self.claim_reports(),
            tampering_signature: crate::tampering::signature(outcome).map(Into::into),
            twin: outcome.twin().map(|twin| TwinReport {
                frames: alloc::vec![twin.frame.number()],
                tuple: alloc::format!("{} > {}", twin.client, twin.server).into(),
                relation: twin.relation,
            }),
            siblings: self.siblings_report(),
            effect: Effect {
                accepted: self.harm.accepted,
                lost_client_bytes: self.harm.lost_client_bytes,
                lost_server_bytes: self.harm.lost_server_bytes,
                surely_lost_client_bytes: self.harm.surely_client_bytes,
                surely_lost_server_bytes: self.harm.surely_server_bytes,
                certainty: self.harm.certainty,
            },
            count: 1,
            stats: self.stats(),
            vantage: self.outcome.joined().map(|joined| self.point(joined.at).into()),
            vantages: self.vantage_reports(),
            page: None,
        }
    }

    fn reset_reports(&self) -> Vec<ResetReport<'_>> {
        let other = other_maker(self.outcome);
        let of_other = |rst: &Rst| {
            let other = other.as_ref()?;
            let is_it = self.outcome.rsts().get(other.at).is_some_and(|one| one.record.frame == rst.record.frame);
            is_it.then(|| self.maker_verdict(other))
        };
        let report = |rst: &'_ Rst| ResetReport { verdict: of_other(rst), ..self.reset_report(rst) };
        self.all_resets().into_iter().map(report).collect()
    }

    fn reset_report(&self, rst: &Rst) -> ResetReport<'_> {
        let record = &rst.record;
        let ack = record.flags.has(Flags::ACK).then_some(record.ack);
        let seen = self.outcome.has_frames();
        let first = self.first_named(record.frame);
        ResetReport {
            file: self.context.file(first).into(),
            frame: seen.then(|| first.number()),
            time: record.time,
            from: self.end_word(record.from),
            flags: (seen || *self.outcome.kernel() != KernelWord::NotAsked).then_some(record.flags),
            seq_rel: self.relative(record.from, record.seq),
            ack_rel: ack.map(|ack| self.relative(record.from.other(), ack)),
            seq: record.absolute_seq(),
            ack: record.absolute_ack(),
            window: record.known_window().filter(|_| seen),
            ttl: record.ttl().filter(|_| seen),
            payload: (!rst.payload.is_empty()).then(|| escape(&rst.payload).into()),
            said: said::report(rst),
            answers: rst.trigger.filter(|_| seen).map(|trigger| trigger.frame.number()),
            accepted: self.outcome.reception(rst).accepted(),
            accepted_because: seen.then(|| self.reception_words(rst).into()),
            frames: self.frames_by_point(record.frame),
            verdict: None,
        }
    }

    fn siblings_report(&self) -> Option<SiblingsReport<'_>> {
        let of_accepted = |one: &&Siblings| one.own.is_some_and(|own| own.exchange != Exchange::Refused);
        // Live only those are known that were reset: how many others there were nobody says.
        let siblings = self.outcome.siblings().filter(of_accepted).filter(|_| self.outcome.has_frames())?;
        let connection = self.outcome.finally();
        let (then, later) = (self.outcome.service(), self.outcome.service_later());
        let millis = |spans: &mut dyn Iterator<Item = Span>| spans.map(Span::as_millis_f64).collect();
        let watched = self.outcome.watched_after() > Span::ZERO;
        Some(SiblingsReport {
            service: connection.endpoint(connection.server()).to_string().into(),
            before: then.answered.saturating_sub(1),
            during: siblings.during as u64,
            after: watched.then(|| later.answered.saturating_sub(then.answered)),
            died: siblings.deaths.len() as u64,
            idle_ms_died: millis(&mut siblings.deaths.iter().map(|death| death.idle)),
            age_ms_died: millis(&mut siblings.deaths.iter().map(Death::age)),
            idle_ms_survived_max: siblings.survived.map(Span::as_millis_f64),
            idle_ms_closed: millis(&mut siblings.closed_after.iter().copied()),
        })
    }

    fn family_report(&self) -> Option<FamilyReport<'_>> {
        let Shape { family, confidence } = self.judgement.shape?;
        let by = self.end_word(self.outcome.sender());
        Some(FamilyReport { id: family, confidence, by, text: self.family_words().into() })
    }

    fn mechanism_report(&self) -> Option<MechanismReport<'_>> {
        let mechanism = self.judgement.mechanism.as_ref()?;
        Some(MechanismReport {
            cause: mechanism.cause.id.into(),
            confidence: mechanism.confidence,
            title: self.title_of(mechanism.cause, mechanism.title).into(),
            confirm: self.confirm_words(mechanism.cause).into(),
            open: mechanism.open.iter().map(|cause| cause.id.into()).collect(),
        })
    }

    fn reason_reports(&self) -> Vec<ReasonReport<'_>> {
        let one = |reason: &Reason| ReasonReport {
            cause: reason.cause.id.into(),
            confidence: reason.confidence,
            title: self.title_of(reason.cause, reason.title).into(),
            confirm: self.confirm_words(reason.cause).into(),
            evidence: reason.evidence.iter().map(|question| question.id.into()).collect(),
        };
        self.judgement.reasons.iter().map(one).collect()
    }

    fn decide_reports(&self) -> Vec<DecideReport<'_>> {
        let group = |causes: &Vec<&'static Cause>| {
            let ids: Vec<&str> = causes.iter().map(|cause| cause.id).collect();
            ids.join("+").into()
        };
        let one = |decision: &Decision| DecideReport {
            on: self.end_word(self.deciding_end()),
            command: self.command(decision).into(),
            splits: decision.groups.iter().map(group).collect(),
        };
        self.decisions().iter().map(one).collect()
    }

    fn alternative_reports(&self) -> Vec<AlternativeReport<'_>> {
        let others = self.judgement.alternatives.iter();
        others
            .map(|other| AlternativeReport {
                cause: other.cause.id.into(),
                confidence: Confidence::Possible,
                told_apart_by: self.told_apart_by(other).into(),
            })
            .collect()
    }

    fn evidence_reports(&self) -> Vec<EvidenceReport<'_>> {
        let kernel = self.kernel_says().map(|text| EvidenceReport {
            question: "kernel-reason".into(),
            answer: AnswerWord::Yes,
            role: Role::Supports,
            frames: Vec::new(),
            text: text.into(),
        });
        let judged = self.judgement.evidence.iter().map(|one| self.evidence_report(one));
        let known = self
            .vantage_answers()
            .into_iter()
            .map(|(question, answer)| self.evidence_report(&Evidence { question, answer, role: Role::Vantage }));
        kernel.into_iter().chain(judged).chain(known).collect()
    }

    fn evidence_report(&self, evidence: &Evidence) -> EvidenceReport<'_> {
        let seen = self.outcome.has_frames();
        let frames = |facts: &Facts| facts.frames.iter().filter(|_| seen).map(|frame| frame.number()).collect();
        let (answer, frames) = match &evidence.answer {
            Answer::Yes(facts) => (AnswerWord::Yes, frames(facts)),
            Answer::No(facts) => (AnswerWord::No, frames(facts)),
            Answer::Unknown => (AnswerWord::Unknown, Vec::new()),
        };
        EvidenceReport {
            question: evidence.question.id.into(),
            answer,
            role: evidence.role,
            frames,
            text: self.answer(evidence.question, &evidence.answer).into(),
        }
    }

    fn kernel_report(&self) -> Option<KernelReport<'_>> {
        match self.outcome.kernel() {
            KernelWord::NotAsked => None,
            KernelWord::SentNone | KernelWord::MadeInTransit => {
                Some(KernelReport { reason: None, state: None, skb_drop: None, stack: Vec::new() })
            }
            KernelWord::Sent(event) => Some(KernelReport {
                reason: Some((&event.reason_name).into()),
                state: Some((&event.state).into()),
                skb_drop: None,
                stack: event.stack.iter().map(Into::into).collect(),
            }),
        }
    }

    /// What an end is called in the record.
    pub(super) fn end_word(&self, side: Side) -> End {
        if side == self.outcome.connection().client { End::Client } else { End::Server }
    }

    fn stats(&self) -> Stats {
        let connection = self.outcome.finally();
        let halves = || Side::BOTH.iter().map(|side| connection.half(*side));
        Stats {
            frames: halves().map(|half| u64::from(half.segments)).sum::<u64>() + u64::from(self.outcome.rsts_total()),
            client_bytes: connection.half(connection.client).bytes,
            server_bytes: connection.half(connection.server()).bytes,
            retransmits: halves().map(|half| u64::from(half.retransmissions)).sum(),
            copies: connection.copies,
            // A clock that was set back makes nothing shorter than nothing.
            duration_ms: self.outcome.time().since(connection.first).max(Span::ZERO).as_millis_f64(),
            idle_before_rst_ms: self.outcome.rst().map(|_| self.outcome.idle().max(Span::ZERO).as_millis_f64()),
        }
    }
}

fn idle_suspect(timeout: &'static IdleTimeout) -> IdleSuspect<'static> {
    let IdleTimeout { name, seconds, expiry, source, .. } = *timeout;
    IdleSuspect { name: name.into(), seconds, on_expiry: expiry, source: source.into() }
}

/// RFC 3339 with nanoseconds, always UTC.
pub fn utc(time: Timestamp) -> String {
    time.utc().to_string()
}

//! Whether a connection was over when the RST came: an end had said goodbye, every request had been answered, and
//! all that can be missing is a courtesy that nobody waits for. Whichever mechanism made the RST, it then took nothing away.
//!
//! A goodbye is a FIN (RFC 9293 section 3.6) or a TLS `close_notify`; nobody has to wait for that of the other end (RFC 8446
//! section 6.1). HTTP/2 keeps its connection in order with frames that carry nothing of a request: SETTINGS, PING,
//! GOAWAY, `WINDOW_UPDATE`, `RST_STREAM` (RFC 9113 section 6). Both are told by their own headers and sizes, so a capture that cuts
//! payload off shows neither, and then nothing is known.

use crate::connection::{Connection, Roles};
use crate::evidence::sealed::REFUSED_BY_ALERT;
use crate::evidence::socket_hints::GOODBYE_BY_SIZE;
use crate::evidence::words::GOODBYE_REFUSED;
use crate::flow::Side;
use crate::half::{Half, Marks};
use crate::history::{Notes, Record};
use crate::outcome::{Basis, Outcome};
use crate::rst::ResetKind;
use crate::segment::Flags;
use crate::seq::Seq;
use crate::time::Span;
use crate::words::Gist;

/// Shorter pauses are ordinary work.
const IDLE: Span = Span::from_secs(1);
/// And so many round trips.
const ROUND_TRIPS: i64 = 100;
/// A program that writes and closes does that within this time.
const AT_ONCE: Span = Span::from_millis(10);
/// Last words are no longer, a TLS record around them included.
const PARTING: u32 = 64;
/// A client that asked so often on one connection keeps it for its next request.
const EXCHANGES: usize = 2;

/// One end had said goodbye, and nothing but courtesies can be missing.
pub fn was_over(outcome: &Outcome, kind: ResetKind) -> bool {
    let Some(at) = goodbye(outcome).filter(|_| is_all_seen(outcome) && !an_end_refused(outcome)) else { return false };
    let said_by = outcome.before().get(at).map(|record| record.from);
    let server = outcome.connection().server();
    let answered = |record: &Record| record.from == server || is_parting(outcome, record, at);
    last_of_content(outcome, at).is_some_and(answered)
        && nothing_after(outcome, at)
        && Side::BOTH.iter().all(|side| misses_only_courtesy(outcome, *side))
        && !may_be_unread(outcome, kind, said_by)
}

/// All that the RST refused was the goodbye of its receiver, in whichever way its sender's stack refuses it: everything
/// before that was delivered and answered, and nothing came behind it.
pub fn only_goodbye_was_refused(outcome: &Outcome) -> bool {
    if GOODBYE_BY_SIZE.answer(outcome).is_yes() {
        return true;
    }
    let Some(goodbye) = outcome.message(outcome.receiver()) else { return false };
    let content = |record: &&Record| is_new_data(record) && record.frame < goodbye.frame;
    let answered = outcome.before().iter().rev().find(content).is_none_or(|last| last.from == outcome.sender());
    let nothing_behind = !outcome.after().iter().any(is_new_data);
    GOODBYE_REFUSED.answer(outcome).is_yes()
        && is_all_seen(outcome)
        && answered
        && nothing_behind
        && missing(outcome, outcome.sender()) == 0
}

/// A client's goodbye came late, and nothing but that was refused: the server had ended the connection by itself, and
/// had turned away nothing that the client wanted. Why it ended it, an idle timeout or a stop, then harmed nobody.
pub fn late_goodbye_was_refused(outcome: &Outcome) -> bool {
    outcome.sender() == outcome.connection().server()
        && only_goodbye_was_refused(outcome)
        && !REFUSED_BY_ALERT.answer(outcome).is_yes()
        && !last_request_was_refused(outcome)
}

/// The server's last words answer something of the client's with a refusal, or greet it with one.
fn last_request_was_refused(outcome: &Outcome) -> bool {
    let server = outcome.sender();
    let Some(words) = outcome.message(server) else { return false };
    let gist = outcome.gist(server);
    let refuses = [Gist::Refuses, Gist::Fails, Gist::Misunderstands, Gist::TakenOver].map(Some).contains(&gist);
    let earlier = |record: &&Record| is_new_data(record) && record.frame < words.frame;
    let before = outcome.before().iter().rev().find(earlier);
    refuses && before.is_none_or(|before| before.from != server)
}

/// The client ended a connection on which nothing went on: it had asked several times and was answered each time, and
/// the last answer was complete and acknowledged long before.
pub fn was_idle(outcome: &Outcome) -> bool {
    let connection = outcome.connection();
    let client = connection.client;
    let data = || outcome.before().iter().filter(|record| is_new_data(record));
    let Some(last) = data().next_back().filter(|_| is_all_seen(outcome) && outcome.sender() == client) else {
        return false;
    };
    let turns: alloc::vec::Vec<Side> = data().map(|record| record.from).collect();
    let answers = turns.windows(2).filter(|pair| pair.first() == Some(&client) && pair.last() != Some(&client)).count();
    let quiet = outcome.idle() >= long_silence(outcome) && outcome.rst().is_some_and(|rst| rst.trigger.is_none());
    let whole = last.flags.has(Flags::PSH) && last.from != client;
    let delivered = Side::BOTH.iter().all(|side| missing(outcome, *side) == 0);
    quiet && whole && answers >= EXCHANGES && delivered
}

/// Both directions from their beginning, without a hole, and who opened it.
fn is_all_seen(outcome: &Outcome) -> bool {
    let connection = outcome.connection();
    outcome.basis() == Basis::Packets
        && connection.roles == Roles::Seen
        && connection.handshake_complete()
        && !outcome.one_sided()
        && Side::BOTH.iter().all(|side| !connection.has_gap(*side) && !outcome.finally().has_gap(*side))
}

/// Where the first goodbye stands among the segments before the RST.
fn goodbye(outcome: &Outcome) -> Option<usize> {
    let ends = |record: &Record| {
        record.flags.has(Flags::FIN)
            || (record.len > 0
                && is_last(outcome, record)
                && is_tls_goodbye(outcome.said(record.from).last(), record.len))
    };
    outcome.before().iter().position(ends)
}

/// An end said that it does not serve the other: whoever closes then, nothing had been answered.
fn an_end_refused(outcome: &Outcome) -> bool {
    Side::BOTH
        .iter()
        .any(|side| matches!(outcome.gist(*side), Some(Gist::Refuses | Gist::TakenOver | Gist::Misunderstands)))
}

/// The last segment up to the goodbye that carries anything of a request or an answer.
fn last_of_content(outcome: &Outcome, goodbye: usize) -> Option<&Record> {
    let content = |record: &&Record| is_new_data(record) && !is_courtesy(outcome, record);
    outcome.before().get(..=goodbye)?.iter().rev().find(content)
}

/// Nobody sent anything after the goodbye but courtesies: whoever does expects it to arrive.
fn nothing_after(outcome: &Outcome, goodbye: usize) -> bool {
    let mut later = outcome.before().iter().skip(goodbye + 1).chain(outcome.after());
    later.all(|record| !is_new_data(record) || is_courtesy(outcome, record))
}

/// A client's last words, to which it wants no answer: a few bytes (LDAP unbind, SMTP QUIT, `COM_QUIT` of `MySQL`, Terminate of
/// `PostgreSQL`), and its FIN follows before an answer could have come, on a connection on which it had been answered.
fn is_parting(outcome: &Outcome, last: &Record, goodbye: usize) -> bool {
    let Some(fin) = outcome.before().get(goodbye).filter(|record| record.flags.has(Flags::FIN)) else { return false };
    let at_once = fin.time.since(last.time) <= AT_ONCE.max(round_trip(outcome));
    let answered = outcome.earlier(|record| record.from != last.from && is_new_data(record)).is_some();
    fin.from == last.from && last.len <= PARTING && at_once && answered
}

/// What `side` sent and nobody acknowledged is nothing, or one courtesy.
fn misses_only_courtesy(outcome: &Outcome, side: Side) -> bool {
    let missing = missing(outcome, side);
    let last = outcome.before().iter().rev().find(|record| record.from == side && is_new_data(record));
    missing == 0
        || last.is_some_and(|record| {
            is_courtesy(outcome, record)
                && missing <= record.len
                && record.end().after(data_end(outcome.finally().half(side)).sub(1))
        })
}

/// A server that says goodbye and aborts then may have left what came last unread (RFC 1122 section 4.2.2.13), and
/// its answer is thrown away with that. A client that does so wanted no more.
fn may_be_unread(outcome: &Outcome, kind: ResetKind, said_by: Option<Side>) -> bool {
    let server = outcome.connection().server();
    let aborts = kind != ResetKind::Passive && outcome.sender() == server && said_by == Some(server);
    let last = outcome.before().iter().rev().find(|record| record.from != server && is_new_data(record));
    aborts && !last.is_some_and(|record| is_courtesy(outcome, record))
}

/// Bytes of `side` that the other end had not acknowledged, by the RST at the latest.
fn missing(outcome: &Outcome, side: Side) -> u32 {
    let own = outcome.finally().half(side);
    let peer = outcome.connection().half(side.other());
    let by_rst = outcome.rst().map(|rst| rst.record).filter(|rst| rst.from != side && rst.flags.has(Flags::ACK));
    let acknowledged = by_rst.map_or(peer.ack, |rst| rst.ack.max(peer.ack));
    u32::try_from(data_end(own).diff(acknowledged)).unwrap_or(0)
}

const fn data_end(half: &Half) -> Seq {
    if half.marks.has(Marks::FIN) { half.fin } else { half.nxt }
}

/// Neither said before nor a probe.
fn is_new_data(record: &Record) -> bool {
    record.len > 0 && !record.notes.has(Notes::RETRANSMISSION) && !record.notes.has(Notes::PROBE)
}

fn is_courtesy(outcome: &Outcome, record: &Record) -> bool {
    let said = outcome.said(record.from).last();
    is_last(outcome, record)
        && (is_tls_goodbye(said, record.len) || is_http2(outcome) && is_http2_courtesy(said, record.len))
}

/// What its sender said last: only of that the first bytes are kept.
fn is_last(outcome: &Outcome, record: &Record) -> bool {
    let connection: &Connection = outcome.connection();
    !data_end(connection.half(record.from)).after(record.seq.add(record.len))
}

/// One record that is a `close_notify`, or cannot be told from one because it is encrypted: of type alert, or in TLS 1.3,
/// where all records look like data, of the size of an alert (RFC 8446 sections 5.2 and 6: two bytes, a type and a tag).
fn is_tls_goodbye(said: &[u8], len: u32) -> bool {
    const HEADER: u32 = 5;
    const CLEAR_ALERT: u32 = 2;
    const CLOSE_NOTIFY: u8 = 0;
    const ALERT: u8 = 21;
    const APPLICATION_DATA: u8 = 23;
    const SEALED_ALERT: u32 = 2 + 1 + 16;
    let [kind, 3, 0..=4, high, low, alert @ ..] = said else { return false };
    let record = u32::from(u16::from_be_bytes([*high, *low]));
    let is_goodbye = match *kind {
        ALERT => record != CLEAR_ALERT || matches!(alert, [_, CLOSE_NOTIFY, ..]),
        APPLICATION_DATA => record == SEALED_ALERT,
        _ => false,
    };
    is_goodbye && HEADER + record == len
}

/// The client began with the preface of HTTP/2 in clear text (RFC 9113 section 3.4).
fn is_http2(outcome: &Outcome) -> bool {
    outcome.said(outcome.connection().client).first().starts_with(b"PRI * HTTP/2.0")
}

/// One frame that carries nothing of a request or an answer.
fn is_http2_courtesy(said: &[u8], len: u32) -> bool {
    const HEADER: u32 = 9;
    const RST_STREAM: u8 = 3;
    const SETTINGS: u8 = 4;
    const PING: u8 = 6;
    const GOAWAY: u8 = 7;
    const WINDOW_UPDATE: u8 = 8;
    let [high, middle, low, RST_STREAM | SETTINGS | PING | GOAWAY | WINDOW_UPDATE, ..] = said else { return false };
    HEADER + u32::from_be_bytes([0, *high, *middle, *low]) == len
}

fn long_silence(outcome: &Outcome) -> Span {
    IDLE.max(Span::from_nanos(round_trip(outcome).nanos().saturating_mul(ROUND_TRIPS)))
}

/// To the server and back, as the capture point sees it; zero at the server.
fn round_trip(outcome: &Outcome) -> Span {
    outcome.syn().zip(outcome.syn_ack()).map_or(Span::ZERO, |(syn, answer)| answer.time.since(syn.time))
}

"""The records of whyrst. Written by `cargo xtask schema` of the JSON Schema in docs/schema."""

from __future__ import annotations

from ._record import Record


class AlternativeReport(Record):
    """Another cause that fits."""

    __slots__ = ()


class AskedFor(Record):
    """The name that a client asked for in clear text."""

    __slots__ = ()


class BodyReport(Record):
    """The body of a message: how long it should be, and how much of it was seen."""

    __slots__ = ()


class CauseCount(Record):
    """How many there are of a cause."""

    __slots__ = ()


class CauseReport(Record):
    """One cause of the catalogue."""

    __slots__ = ()


class ClaimReport(Record):
    """What a RST says of itself."""

    __slots__ = ()


class ContainerReport(Record):
    """A container, by the path of its cgroup."""

    __slots__ = ()


class DecideReport(Record):
    """One observation that decides between what is still open."""

    __slots__ = ()


class Effect(Record):
    """What the reset did."""

    __slots__ = ()


class Endpoint(Record):
    """One end of a connection."""

    __slots__ = ()


class Ends(Record):
    """Both ends of a connection."""

    __slots__ = ()


class EvidenceReport(Record):
    """One question with its answer."""

    __slots__ = ()


class FamilyReport(Record):
    """The shape of the reset on the wire."""

    __slots__ = ()


class FrameReport(Record):
    """A frame of a file."""

    __slots__ = ()


class IdleSuspect(Record):
    """A known idle timeout that the silence before the reset fits."""

    __slots__ = ()


class IncidentReport(Record):
    """Several resets that have one explanation."""

    __slots__ = ()


class IssueReport(Record):
    """Resets with the same shape and the same leading answer, in the name of the same side, of the same port."""

    __slots__ = ()


class KernelReport(Record):
    """What the kernel of the RST's sender said of it."""

    __slots__ = ()


class ListenedReport(Record):
    """Somebody who listened at a port, and listens no more."""

    __slots__ = ()


class LoggedClaim(Record):
    """A line of a log about the connection: what somebody says of it, no proof."""

    __slots__ = ()


class MechanismReport(Record):
    """How the reset was made."""

    __slots__ = ()


class ProcessReport(Record):
    """A process, as far as it was known when the reset happened."""

    __slots__ = ()


class ReasonReport(Record):
    """Why somebody or something reset the connection."""

    __slots__ = ()


class RecognisedBy(Record):
    """A question of a rule."""

    __slots__ = ()


class Report(Record):
    """Why one connection was reset, or why one connect failed."""

    __slots__ = ()


class ResetReport(Record):
    """One RST."""

    __slots__ = ()


class ResetsBetween(Record):
    """Resets between one service and its clients, in the name of one side."""

    __slots__ = ()


class SegmentRung(Record):
    """One segment of the ladder. What is nothing special is absent: a report has many of these."""

    __slots__ = ()


class ServiceReport(Record):
    """How many there are of a service."""

    __slots__ = ()


class SiblingsReport(Record):
    """The other connections to one service."""

    __slots__ = ()


class SocketReport(Record):
    """A socket when its connection was reset, or when it was closed."""

    __slots__ = ()


class StateReport(Record):
    """A change of a socket's state."""

    __slots__ = ()


class Stats(Record):
    """A connection in numbers."""

    __slots__ = ()


class SummaryReport(Record):
    """What the captures showed, in numbers."""

    __slots__ = ()


class TimeoutsReport(Record):
    """After how many milliseconds a socket gives up or asks. `null`: never, or not known."""

    __slots__ = ()


class ToldApart(Record):
    """What distinguishes a cause that looks alike."""

    __slots__ = ()


class TwinReport(Record):
    """The same handshake, or the other leg of a proxy, between other endpoints."""

    __slots__ = ()


class VantageReport(Record):
    """What one of several capture points has of the connection."""

    __slots__ = ()


class Verdict(Record):
    """The cause, and how sure it is."""

    __slots__ = ()


class WordsReport(Record):
    """The last message of one end, as far as it stands in clear text."""

    __slots__ = ()


AlternativeReport._types = {
    "cause": None,
    "confidence": None,
    "told_apart_by": None,
}

AskedFor._types = {
    "name": None,
    "stood_in": None,
}

BodyReport._types = {
    "content_length": None,
    "from": None,
    "seen": None,
}

CauseCount._types = {
    "cause": None,
    "confidence": None,
    "count": None,
}

CauseReport._types = {
    "advice": None,
    "confirm": None,
    "effect": None,
    "explains": None,
    "explanation": None,
    "families": None,
    "id": None,
    "kernel": None,
    "kernel_reasons": None,
    "look_alikes": None,
    "recognised": RecognisedBy,
    "reproduction": None,
    "schema": None,
    "severity": None,
    "sources": None,
    "step": None,
    "title": None,
    "told_apart": ToldApart,
}

ClaimReport._types = {
    "by": None,
    "code": None,
    "enterprise": None,
    "text": None,
}

ContainerReport._types = {
    "id": None,
    "pod": None,
    "runtime": None,
}

DecideReport._types = {
    "command": None,
    "on": None,
    "splits": None,
}

Effect._types = {
    "accepted": None,
    "certainty": None,
    "lost_client_bytes": None,
    "lost_server_bytes": None,
    "surely_lost_client_bytes": None,
    "surely_lost_server_bytes": None,
}

Endpoint._types = {
    "ip": None,
    "port": None,
}

Ends._types = {
    "client": Endpoint,
    "server": Endpoint,
}

EvidenceReport._types = {
    "answer": None,
    "frames": None,
    "question": None,
    "role": None,
    "text": None,
}

FamilyReport._types = {
    "by": None,
    "confidence": None,
    "id": None,
    "text": None,
}

FrameReport._types = {
    "file": None,
    "frame": None,
}

IdleSuspect._types = {
    "name": None,
    "on_expiry": None,
    "seconds": None,
    "source": None,
}

IncidentReport._types = {
    "accepted_again": None,
    "accepted_before": None,
    "causes": None,
    "clients": None,
    "connections": None,
    "frames": FrameReport,
    "host": None,
    "kind": None,
    "last": None,
    "name": None,
    "reading": None,
    "refused": None,
    "rhythm_ms": None,
    "schema": None,
    "server": None,
    "services": None,
    "severity": None,
    "time": None,
    "title": None,
}

IssueReport._types = {
    "by": None,
    "cause": None,
    "confidence": None,
    "count": None,
    "family": None,
    "of_connections": None,
    "servers": None,
    "service": None,
    "severity": None,
}

KernelReport._types = {
    "reason": None,
    "skb_drop": None,
    "stack": None,
    "state": None,
}

ListenedReport._types = {
    "ended_ms_ago": None,
    "killer": ProcessReport,
    "process": ProcessReport,
    "until": None,
}

LoggedClaim._types = {
    "because": None,
    "by": None,
    "cause": None,
    "end": None,
    "line": None,
    "pid": None,
    "process": None,
    "source": None,
    "standing": None,
    "symptom": None,
    "text": None,
    "tied_by": None,
    "time": None,
}

MechanismReport._types = {
    "cause": None,
    "confidence": None,
    "confirm": None,
    "open": None,
    "title": None,
}

ProcessReport._types = {
    "cgroup": None,
    "closer": ProcessReport,
    "cmdline": None,
    "comm": None,
    "container": ContainerReport,
    "end": None,
    "exit_signal": None,
    "maker": ProcessReport,
    "netns": None,
    "oom_killed": None,
    "pid": None,
    "syscall": None,
    "uid": None,
    "unit": None,
}

ReasonReport._types = {
    "cause": None,
    "confidence": None,
    "confirm": None,
    "evidence": None,
    "title": None,
}

RecognisedBy._types = {
    "role": None,
    "text": None,
}

Report._types = {
    "advice": None,
    "alternatives": AlternativeReport,
    "asked_for": AskedFor,
    "capture_filter": None,
    "claims": LoggedClaim,
    "client": Endpoint,
    "conn_state": None,
    "count": None,
    "decide": DecideReport,
    "display_filter": None,
    "effect": Effect,
    "evidence": EvidenceReport,
    "family": FamilyReport,
    "headline": None,
    "history": None,
    "idle_suspects": IdleSuspect,
    "kernel": KernelReport,
    "kind": None,
    "listened": ListenedReport,
    "mechanism": MechanismReport,
    "on_wire": Ends,
    "origin": None,
    "origin_confidence": None,
    "peer_process": ProcessReport,
    "peer_socket": SocketReport,
    "phase": None,
    "process": ProcessReport,
    "reasons": ReasonReport,
    "resets": ResetReport,
    "resets_total": None,
    "roles": None,
    "schema": None,
    "server": Endpoint,
    "severity": None,
    "severity_reason": None,
    "siblings": SiblingsReport,
    "socket": SocketReport,
    "source": None,
    "stats": Stats,
    "tampering_signature": None,
    "time": None,
    "twin": TwinReport,
    "vantage": None,
    "vantages": VantageReport,
    "verdict": Verdict,
    "words": WordsReport,
}

ResetReport._types = {
    "accepted": None,
    "accepted_because": None,
    "ack": None,
    "ack_rel": None,
    "answers": None,
    "file": None,
    "flags": None,
    "frame": None,
    "frames": None,
    "from": None,
    "payload": None,
    "said": ClaimReport,
    "seq": None,
    "seq_rel": None,
    "time": None,
    "ttl": None,
    "verdict": Verdict,
    "window": None,
}

ResetsBetween._types = {
    "by": None,
    "cause": None,
    "client": None,
    "clients": None,
    "count": None,
    "service": None,
}

SegmentRung._types = {
    "ack": None,
    "ack_rel": None,
    "file": None,
    "flags": None,
    "frame": None,
    "frames": None,
    "from": None,
    "ip_id": None,
    "len": None,
    "marked": None,
    "notes": None,
    "ns": None,
    "offers": None,
    "options": None,
    "seq": None,
    "seq_rel": None,
    "text": None,
    "tos": None,
    "ts_value": None,
    "ttl": None,
    "win": None,
}

ServiceReport._types = {
    "causes": None,
    "count": None,
    "server": None,
}

SiblingsReport._types = {
    "after": None,
    "age_ms_died": None,
    "before": None,
    "died": None,
    "during": None,
    "idle_ms_closed": None,
    "idle_ms_died": None,
    "idle_ms_survived_max": None,
    "service": None,
}

SocketReport._types = {
    "acked_bytes": None,
    "age_ms": None,
    "closed_ms_ago": None,
    "end": None,
    "errno": None,
    "idle_ms": None,
    "linger": None,
    "received_bytes": None,
    "retransmits": None,
    "retransmitted_ms_ago": None,
    "states": StateReport,
    "timeouts": TimeoutsReport,
    "told_earlier": None,
    "unacked_bytes": None,
    "unread_bytes": None,
    "unsent_bytes": None,
}

StateReport._types = {
    "state": None,
    "time": None,
}

Stats._types = {
    "client_bytes": None,
    "copies": None,
    "duration_ms": None,
    "frames": None,
    "idle_before_rst_ms": None,
    "retransmits": None,
    "server_bytes": None,
}

SummaryReport._types = {
    "causes": CauseCount,
    "connections": None,
    "copies": None,
    "failed_connects": None,
    "files": None,
    "forgotten": None,
    "frames": None,
    "incidents": IncidentReport,
    "issues": IssueReport,
    "notes": None,
    "passed_over": None,
    "reset_connections": None,
    "rst_copies": None,
    "rst_segments": None,
    "schema": None,
    "segments": None,
    "services": ServiceReport,
    "severities": None,
    "unexplained": None,
    "who_resets_whom": ResetsBetween,
}

TimeoutsReport._types = {
    "keepalive_ms": None,
    "receive_ms": None,
    "send_ms": None,
    "user_ms": None,
}

ToldApart._types = {
    "by": None,
    "cause": None,
}

TwinReport._types = {
    "frames": None,
    "relation": None,
    "tuple": None,
}

VantageReport._types = {
    "clock_offset_ns": None,
    "clock_uncertainty_ns": None,
    "frames": None,
    "loss": None,
    "name": None,
    "place": None,
    "place_known_by": None,
    "relation": None,
    "saw_rst": None,
    "saw_trigger": None,
    "source": None,
    "tuple": Ends,
}

Verdict._types = {
    "cause": None,
    "confidence": None,
    "title": None,
}

WordsReport._types = {
    "frame": None,
    "from": None,
    "meaning": None,
    "of": BodyReport,
    "protocol": None,
    "text": None,
}

"""The records of whyrst. Written by `cargo xtask schema` of the JSON Schema in docs/schema."""

from typing import Any, Literal

from ._record import Record

class AlternativeReport(Record):
    """Another cause that fits."""

    cause: str
    """Its id."""
    confidence: Literal["unexplained", "possible", "likely", "certain"]
    """How sure it is."""
    told_apart_by: str
    """What would distinguish it from the verdict."""

class AskedFor(Record):
    """The name that a client asked for in clear text."""

    name: str
    """The name, in lower case."""
    stood_in: Literal["tls-server-name", "http-host"]
    """Where it stood."""

class BodyReport(Record):
    """The body of a message: how long it should be, and how much of it was seen."""

    content_length: int | None
    """How long it is, as its head announces. `null` where it comes in chunks, or the head is cut off."""
    from_: Literal["client", "server"]
    """The end that sends it."""
    seen: int
    """Bytes of it that were sent before the first RST."""

class CauseCount(Record):
    """How many there are of a cause."""

    cause: str
    """The id of the cause."""
    confidence: Literal["unexplained", "possible", "likely", "certain"]
    """How sure they are."""
    count: int
    """How many."""

class CauseReport(Record):
    """One cause of the catalogue."""

    advice: list[str]
    """What to do, in this order."""
    confirm: str
    """What proves it outside of a capture."""
    effect: str
    """What the programs on both ends see: return values and errno."""
    explains: list[str]
    """The ids of the mechanisms that it explains as a reason."""
    explanation: str
    """What happens and why."""
    families: list[Literal["refused", "unwanted-answer", "broken-handshake", "aborted", "late-data", "last-segment", "unknown-connection", "syn-collision", "unseen"]]
    """The families that it can show as a mechanism."""
    id: str
    """Its id, which never changes its meaning."""
    kernel: str
    """The same in words."""
    kernel_reasons: list[str]
    """The reasons that the kernel of the RST's sender gives: names of `enum sk_rst_reason` without their prefix."""
    look_alikes: list[str]
    """The ids of causes that look alike."""
    recognised: list[RecognisedBy]
    """The questions that the rule asks."""
    reproduction: str
    """How to see it happen."""
    schema: Literal["whyrst.cause/1"]
    """`whyrst.cause/1`."""
    severity: Literal["fault", "attack", "policy", "scan", "benign"]
    """How much it matters as a rule."""
    sources: list[str]
    """The standards and kernel functions that the rule follows from."""
    step: Literal["mechanism", "reason"]
    """Which step of a verdict it is."""
    title: str
    """What happens, in one sentence."""
    told_apart: list[ToldApart]
    """What distinguishes each of them."""

class ClaimReport(Record):
    """What a RST says of itself."""

    by: Literal["rst-diagnostic-payload", "linux-reason-payload", "big-ip", "text", "mp-tcprst"]
    """In which form it says so."""
    code: int | None
    """The code that it gives. `null` for text."""
    enterprise: int | None
    """Whose code: an IANA private enterprise number, 0 for the registry of the draft."""
    text: str
    """The meaning of the code, or the text itself, escaped."""

class ContainerReport(Record):
    """A container, by the path of its cgroup."""

    id: str
    """Its id."""
    pod: str | None
    """The uid of its Kubernetes pod."""
    runtime: str | None
    """`docker`, `containerd`, `cri-o` or `podman`. `null` where the path names none."""

class DecideReport(Record):
    """One observation that decides between what is still open."""

    command: str
    """What to run there."""
    on: Literal["client", "server"]
    """The end on whose host it is made."""
    splits: list[str]
    """What it distinguishes: each text is one outcome, the ids that it leaves joined by `+`."""

class Effect(Record):
    """What the reset did."""

    accepted: bool | None
    """Whether its receiver accepted it. `null` where the packets do not decide that."""
    certainty: Literal["none", "exact", "at-most", "at-least", "unknown"]
    """How firm `lost_client_bytes` and `lost_server_bytes` are."""
    lost_client_bytes: int | None
    """Bytes of the client that the server's program did not get, as firm as `certainty` says."""
    lost_server_bytes: int | None
    """Bytes of the server that the client's program did not get, as firm as `certainty` says."""
    surely_lost_client_bytes: int
    """Of the client's bytes, those that were lost for certain."""
    surely_lost_server_bytes: int
    """Of the server's bytes, those that were lost for certain."""

class Endpoint(Record):
    """One end of a connection."""

    ip: str
    """Network address, as it stood in the innermost IP header."""
    port: int
    """TCP port."""

class Ends(Record):
    """Both ends of a connection."""

    client: Endpoint
    """The end that opened it."""
    server: Endpoint
    """The end that it was opened to."""

class EvidenceReport(Record):
    """One question with its answer."""

    answer: Literal["yes", "no", "unknown"]
    """The answer. Unknown is never no."""
    frames: list[int]
    """The frames that show it."""
    question: str
    """The id of the question."""
    role: Literal["need", "refutes", "supports", "vantage"]
    """What part it plays for the verdict."""
    text: str
    """The answer as a sentence."""

class FamilyReport(Record):
    """The shape of the reset on the wire."""

    by: Literal["client", "server"]
    """The end in whose name the RST came."""
    confidence: Literal["unexplained", "possible", "likely", "certain"]
    """How sure it is."""
    id: Literal["refused", "unwanted-answer", "broken-handshake", "aborted", "late-data", "last-segment", "unknown-connection", "syn-collision", "unseen"]
    """Which shape."""
    text: str
    """The same as a sentence."""

class FrameReport(Record):
    """A frame of a file."""

    file: str
    """The file."""
    frame: int
    """The number of the frame in it, counted from 1."""

class IdleSuspect(Record):
    """A known idle timeout that the silence before the reset fits."""

    name: str
    """Product and setting."""
    on_expiry: Literal["reset-both", "reset-later", "silent", "close"]
    """What is seen when it expires."""
    seconds: int
    """Its default in seconds."""
    source: str
    """Where the default is documented."""

class IncidentReport(Record):
    """Several resets that have one explanation."""

    accepted_again: str | None
    """When the service was first seen to accept again. `null` where that was not seen or does not apply."""
    accepted_before: str | None
    """When the service was last seen to accept before. `null` where that was not seen or does not apply."""
    causes: dict[str, int]
    """How many of them have which cause."""
    clients: int
    """How many different clients there were."""
    connections: int
    """How many connections belong to it."""
    frames: list[FrameReport]
    """Where the first of them stand."""
    host: str | None
    """The host that it is about. `null` where it is about none."""
    kind: Literal["service-died", "service-down", "service-absent", "intermittent", "host-forgot", "aborted-together", "policy-pushed", "path-resets", "idle-timeout", "repeated", "same-name", "scan", "health-check"]
    """What they have in common."""
    last: str
    """When the last of them happened."""
    name: str | None
    """The name that the clients asked for. `null` where they did not ask for one and the same."""
    reading: str
    """What that most likely means, and where to look."""
    refused: int
    """How many of them were connects that were refused."""
    rhythm_ms: float | None
    """Milliseconds from one to the next, or of silence before each. `null` where there is no such time."""
    schema: Literal["whyrst.incident/1"]
    """`whyrst.incident/1`."""
    server: str | None
    """The service that it is about, as `10.0.0.2:80` or `[2001:db8::1]:80`. `null` where it is about none."""
    services: int
    """How many different services there were."""
    severity: Literal["fault", "attack", "policy", "scan", "benign"]
    """How much it matters."""
    time: str
    """When the first of them happened."""
    title: str
    """What was seen, as a sentence."""

class IssueReport(Record):
    """Resets with the same shape and the same leading answer, in the name of the same side, of the same port."""

    by: Literal["client", "server"]
    """The end in whose name the resets came."""
    cause: str
    """The leading cause; `unexplained` where none fits."""
    confidence: Literal["unexplained", "possible", "likely", "certain"]
    """How sure most of them are."""
    count: int
    """How many connections."""
    family: Literal["refused", "unwanted-answer", "broken-handshake", "aborted", "late-data", "last-segment", "unknown-connection", "syn-collision", "unseen"] | None
    """The shape of the resets. `null` for failed connects."""
    of_connections: int | None
    """How many connections these servers were asked for in all. `null` where that is not known."""
    servers: int
    """How many servers there are."""
    service: str
    """The service, as `10.0.0.2:80`, or as `:80` where there are several."""
    severity: Literal["fault", "attack", "policy", "scan", "benign"] | None
    """How much each of them matters. `null` in records of versions that did not say."""

class KernelReport(Record):
    """What the kernel of the RST's sender said of it."""

    reason: str | None
    """The name in `enum sk_rst_reason` without its prefix; empty where the kernel gives none."""
    skb_drop: str | None
    """The reason for which the segment was dropped that the RST answers. Always `null` so far."""
    stack: list[str]
    """The functions that led to the RST, the innermost first."""
    state: str | None
    """The state of the socket when the RST was sent, by the kernel's name."""

class ListenedReport(Record):
    """Somebody who listened at a port, and listens no more."""

    ended_ms_ago: float
    """Milliseconds from then to the refusal."""
    killer: ProcessReport | None
    """The process whose signal ended it."""
    process: ProcessReport | None
    """Who closed that socket, or ended and closed it so. `null` where that was not seen."""
    until: str
    """Until when."""

class LoggedClaim(Record):
    """A line of a log about the connection: what somebody says of it, no proof."""

    because: str
    """What in the packets does that; empty where they do not."""
    by: Literal["nginx", "access-log", "haproxy", "envoy", "sshd", "kubelet", "linux", "windows", "macos", "freebsd", "program"]
    """Who says it."""
    cause: str | None
    """The reason that it names, by its id in the catalogue. `null` where it names none."""
    end: Literal["client", "server"] | None
    """The end of the connection that the claimant is. `null` where that is not known."""
    line: int
    """The number of its line there, from 1; of the packet's frame where a capture says it."""
    pid: int | None
    """Its number."""
    process: str | None
    """The name of the process that wrote it or that it is about. `null` where the line does not say it."""
    source: str
    """The file that it stands in."""
    standing: Literal["agrees", "contradicted", "undecided"]
    """How the packets bear on it."""
    symptom: str | None
    """The message that it holds, as `whyrst why` lists it. `null` where it is none of those."""
    text: str
    """The line, escaped; at most 240 characters of it."""
    tied_by: Literal["both-ends", "one-end", "address"]
    """By what it is known to be about this connection."""
    time: str | None
    """When it was written or, where the line says that instead, when what it is about began. `null` where it says neither."""

class MechanismReport(Record):
    """How the reset was made."""

    cause: str
    """The id of the mechanism, as `whyrst causes` lists it."""
    confidence: Literal["unexplained", "possible", "likely", "certain"]
    """How sure it is."""
    confirm: str
    """What proves it outside of this capture."""
    open: list[str]
    """The ids of the other mechanisms of this family that nothing refutes, the best first."""
    title: str
    """What it means, to be read after 'The connection was reset because'."""

class ProcessReport(Record):
    """A process, as far as it was known when the reset happened."""

    cgroup: str | None
    """The path of its cgroup."""
    closer: ProcessReport | None
    """The process that closed the socket first."""
    cmdline: str | None
    """Its arguments."""
    comm: str
    """The name of its program, at most 15 bytes."""
    container: ContainerReport | None
    """Its container, by the cgroup's path."""
    end: Literal["client", "server"] | None
    """Which end it is. Absent for `closer` and `maker`."""
    exit_signal: int | None
    """The signal that ended it."""
    maker: ProcessReport | None
    """The process that made this reset, where that is not the owner: it destroyed the socket (`ss -K`), or its signal ended the owner."""
    netns: int
    """The inode of its network namespace, as `lsns -t net` shows it."""
    oom_killed: bool | None
    """Whether the kernel ended it because memory ran out; the signal is 9 then as well."""
    pid: int
    """Its process id, in the host's namespace."""
    syscall: str | None
    """The system call that it was in."""
    uid: int | None
    """Its user."""
    unit: str | None
    """Its systemd unit, by the cgroup's path."""

class ReasonReport(Record):
    """Why somebody or something reset the connection."""

    cause: str
    """The id of the reason, as `whyrst causes` lists it."""
    confidence: Literal["unexplained", "possible", "likely", "certain"]
    """How sure it is."""
    confirm: str
    """What proves it outside of this capture."""
    evidence: list[str]
    """The ids of the questions that speak for it."""
    title: str
    """What it means, to be read after 'The connection was reset because'."""

class RecognisedBy(Record):
    """A question of a rule."""

    role: str
    """What part it plays, in words."""
    text: str
    """What a yes says."""

class Report(Record):
    """Why one connection was reset, or why one connect failed."""

    advice: list[str]
    """What to do, in this order."""
    alternatives: list[AlternativeReport]
    """Other mechanisms that fit, the best first, then further reasons."""
    asked_for: AskedFor | None
    """The name that the client asked for in clear text."""
    capture_filter: str
    """A capture filter for the same two ends, as tcpdump takes it."""
    claims: list[LoggedClaim]
    """What lines of logs (`--log-file`) and the records of other systems' kernels (`--events`) claim of it, in the order of time; the first 16."""
    client: Endpoint
    """The end that opened the connection; the best guess when `roles` is `guessed`."""
    conn_state: str
    """How the connection ended, in Zeek's codes: `RSTO`, `RSTR`, `REJ` and so on."""
    count: int
    """How many equal resets this object stands for."""
    decide: list[DecideReport]
    """The observations that decide between what is still open, the best one first."""
    display_filter: str
    """A display filter that shows this connection in Wireshark."""
    effect: Effect
    """Whether the RST was accepted, and what was lost by it."""
    evidence: list[EvidenceReport]
    """The questions that the verdict rests on, with their answers."""
    family: FamilyReport | None
    """First step of the verdict: the shape of the reset. `null` for a failed connect."""
    headline: str
    """What is known best, in one sentence."""
    history: str
    """What each side sent, in the letters of Zeek's `history`."""
    idle_suspects: list[IdleSuspect] | None
    """Known idle timeouts that the silence before the RST fits: hints, not proofs. `null` where the silence is not known."""
    kernel: KernelReport | None
    """What the kernel of the RST's sender said of it. `null` when it was not asked; an object of nulls when it was asked and had sent none."""
    kind: Literal["passive", "active", "unknown"]
    """How the RST was made."""
    listened: ListenedReport | None
    """Who had listened where the connection was refused, as `whyrst watch` remembers it."""
    mechanism: MechanismReport | None
    """Second step: how the reset was made. `null` where nothing in the catalogue fits."""
    on_wire: Ends | None
    """The ends that the other host knows the connection by. Absent where nobody knows what the NAT of the reporting host makes of them."""
    origin: Literal["endpoint", "path", "unknown"]
    """Who made the RST."""
    origin_confidence: Literal["unexplained", "possible", "likely", "certain"] | None
    """How sure `origin` is. `null` where it is unknown."""
    peer_process: ProcessReport | None
    """The process of the other end, where it is on the same host."""
    peer_socket: SocketReport | None
    """The socket of the other end, where it is on the same host."""
    phase: Literal["connect", "established", "closing", "closed", "midstream"]
    """How far the connection had come."""
    process: ProcessReport | None
    """The process that owns that socket."""
    reasons: list[ReasonReport]
    """Third step: why somebody or something did that, the best reason first."""
    resets: list[ResetReport]
    """The RSTs of the connection, in the order of time; the first ones where there are many."""
    resets_total: int
    """How many RSTs there were in all."""
    roles: Literal["seen", "guessed"]
    """How it is known which end is the client."""
    schema: Literal["whyrst.reset/1", "whyrst.failed-connect/1"]
    """`whyrst.reset/1`, or `whyrst.failed-connect/1` for a connect that failed without any RST."""
    server: Endpoint
    """The end that the connection was opened to."""
    severity: Literal["fault", "attack", "policy", "scan", "benign"]
    """How much the reset matters."""
    severity_reason: str
    """Why it matters that much."""
    siblings: SiblingsReport | None
    """The other connections to the same service, as far as they were captured. `null` for a refused connect, and where nothing is known of them."""
    socket: SocketReport | None
    """The socket of the RST's sender, or that of its receiver where nothing is known of the sender's. `null` from a capture alone."""
    source: str
    """The file that holds the first RST, or host and network namespace when live."""
    stats: Stats
    """The connection in numbers."""
    tampering_signature: str | None
    """The signature of connection tampering that the segments match."""
    time: str
    """When the first RST was seen; for a failed connect, when the first SYN was sent."""
    twin: TwinReport | None
    """The same handshake, or the other leg of a proxy, between other endpoints. `null` where none was captured."""
    vantage: str | None
    """The capture point whose frames and times these are, where there are several."""
    vantages: list[VantageReport] | None
    """What each capture point has of the connection, where there are several."""
    verdict: Verdict
    """The leading answer: the first reason where that is likely or better, else the mechanism."""
    words: list[WordsReport]
    """The last message of each end, in the order of time, where it was captured in clear text and in a protocol that is known."""

class ResetReport(Record):
    """One RST."""

    accepted: bool | None
    """Whether its receiver accepted it. `null` where the packets do not decide that."""
    accepted_because: str | None
    """How that is known, or why it is not: from its numbers and checksum, and from what its receiver did afterwards. `null` where no packet was captured."""
    ack: int | None
    """Its acknowledgment number as in the header. `null` without the ACK flag, and as `seq`."""
    ack_rel: int | None
    """Its acknowledgment number, counted from the first of its receiver. `null` without the ACK flag."""
    answers: int | None
    """The frame of the segment that it answers."""
    file: str
    """The file that holds it."""
    flags: str | None
    """Its TCP flags. `null` when no frame was captured and no kernel was asked."""
    frame: int | None
    """The number of its frame in that file, counted from 1. `null` when no frame was captured."""
    frames: dict[str, int] | None
    """Its frame at each capture point that saw it, where there are several."""
    from_: Literal["client", "server"]
    """The end that it claims to come from."""
    payload: str | None
    """Its payload, with everything escaped that is not printable. `null` when it has none."""
    said: ClaimReport | None
    """What it says of itself: a claim of whoever made it."""
    seq: int | None
    """Its sequence number as in the header. `null` where the source does not say it, as text with relative numbers."""
    seq_rel: int
    """Its sequence number, counted from the first of its sender."""
    time: str
    """When it was seen."""
    ttl: int | None
    """Time to live or hop limit: hops left. `null` when no frame was captured."""
    verdict: Verdict | None
    """The verdict on it alone, where another maker than that of the first RST sent it: a host and a device both reset the connection."""
    window: int | None
    """The window field, not scaled. `null` when no frame was captured."""

class ResetsBetween(Record):
    """Resets between one service and its clients, in the name of one side."""

    by: Literal["client", "server"]
    """The end that they came from."""
    cause: str
    """Their commonest cause."""
    client: str | None
    """The client's address. `null` where there are several."""
    clients: int
    """How many clients, as far as they were told apart: at most 256."""
    count: int
    """How many connections."""
    service: str
    """The service, as `10.0.0.2:80` or `[2001:db8::1]:80`."""

class SegmentRung(Record):
    """One segment of the ladder. What is nothing special is absent: a report has many of these."""

    ack: int | None
    """Its acknowledgment number as in the header; absent without the ACK flag and where the source does not say it."""
    ack_rel: int | None
    """The same, counted from the first of its receiver."""
    file: str | None
    """The file that holds it, where there are several."""
    flags: str
    """Its TCP flags."""
    frame: int
    """The number of its frame, counted from 1."""
    frames: dict[str, int] | None
    """Its frame at each capture point that saw it, where there are several."""
    from_: Literal["client", "server"]
    """The end that it claims to come from."""
    ip_id: int | None
    """The identification of an IPv4 packet."""
    len: int
    """Bytes of payload."""
    marked: bool | None
    """`true` for what the verdict rests on, else absent."""
    notes: list[str] | None
    """What is remarkable about it."""
    ns: int
    """Nanoseconds since `ladder_from`."""
    offers: int | None
    """The window that it offers, in bytes; absent where its scale is not known, and in a RST."""
    options: list[str] | None
    """Its TCP options, by their names."""
    seq: int | None
    """Its sequence number as in the header; `null` where the source does not say it."""
    seq_rel: int
    """The same, counted from the first of its sender."""
    text: str
    """What it is, in words."""
    tos: int | None
    """Type of service or traffic class; absent when 0."""
    ts_value: int | None
    """The value of its timestamps option."""
    ttl: int | None
    """Time to live or hop limit: hops left; `null` where the source does not say it."""
    win: int
    """The window field, not scaled."""

class ServiceReport(Record):
    """How many there are of a service."""

    causes: dict[str, int]
    """How many of which cause."""
    count: int
    """How many."""
    server: str
    """The service, as `10.0.0.2:80` or `[2001:db8::1]:80`."""

class SiblingsReport(Record):
    """The other connections to one service."""

    after: int | None
    """Connections that it accepted within the time that the reset was watched for. `null` where the capture was not read on."""
    age_ms_died: list[float]
    """How old those had become, in ms, in the same order."""
    before: int
    """Connections that it had accepted before this one was reset, this one not counted."""
    died: int
    """Connections that were reset, this one among them; of the last 32."""
    during: int
    """Those of the first 64 that were open when this one was reset."""
    idle_ms_closed: list[float]
    """The silences after which the service closed a connection itself, in ms; of the last 32."""
    idle_ms_died: list[float]
    """How long those had been silent, in ms, in the order of their resets."""
    idle_ms_survived_max: float | None
    """The longest silence after which one of the first 64 went on, in ms. `null` where none of them was silent."""
    service: str
    """Address and port of the service."""

class SocketReport(Record):
    """A socket when its connection was reset, or when it was closed."""

    acked_bytes: int
    """Bytes that were acknowledged; a SYN and a FIN of this end count as one each."""
    age_ms: float | None
    """Milliseconds since it was opened. `null` when that was not seen."""
    closed_ms_ago: float | None
    """Milliseconds since it was closed. `null` when it was open."""
    end: Literal["client", "server"]
    """Which end it is."""
    errno: str | None
    """The error that the program gets because of this reset, by its name. `null` when it gets none."""
    idle_ms: float | None
    """Milliseconds since data was last sent or received."""
    linger: int | None
    """`SO_LINGER` in seconds. `null` when it is off."""
    received_bytes: int
    """Bytes received in order; a FIN counts as one."""
    retransmits: int
    """Segments sent again."""
    retransmitted_ms_ago: float | None
    """Milliseconds since a segment was last sent again."""
    states: list[StateReport]
    """The last states that it went through, the oldest first."""
    timeouts: TimeoutsReport
    """What the program asked of its socket."""
    told_earlier: str | None
    """The last error that the program got before."""
    unacked_bytes: int
    """Bytes sent that had not been acknowledged."""
    unread_bytes: int
    """Bytes received that no program had read."""
    unsent_bytes: int
    """Bytes written that had not been sent."""

class StateReport(Record):
    """A change of a socket's state."""

    state: Literal["unknown", "LISTEN", "SYN-SENT", "SYN-RECEIVED", "ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2", "CLOSE-WAIT", "CLOSING", "LAST-ACK", "TIME-WAIT", "CLOSED"]
    """Into which state."""
    time: str
    """When."""

class Stats(Record):
    """A connection in numbers."""

    client_bytes: int
    """Payload bytes that the client sent, each counted once."""
    copies: int
    """Copies of packets that were left out: several interfaces, or a mirror port."""
    duration_ms: float
    """Milliseconds from the first segment to the first RST."""
    frames: int
    """Frames of the connection, copies not counted."""
    idle_before_rst_ms: float | None
    """Milliseconds of silence before the first RST. `null` when no RST was seen."""
    retransmits: int
    """Segments sent again."""
    server_bytes: int
    """Payload bytes that the server sent, each counted once."""

class SummaryReport(Record):
    """What the captures showed, in numbers."""

    causes: list[CauseCount]
    """How many of which cause, the commonest first."""
    connections: int
    """Connections."""
    copies: int
    """Copies of packets that were left out: several interfaces, or a mirror port."""
    failed_connects: int
    """Connects that failed without any RST."""
    files: list[str]
    """The files that were read."""
    forgotten: int
    """Connections that were forgotten to stay within the memory bound."""
    frames: int
    """Frames read."""
    incidents: list[IncidentReport]
    """What several of them have in common."""
    issues: list[IssueReport]
    """Resets that are alike, the commonest first."""
    notes: list[str]
    """What else there is to know: files cut short, fragments, packets cut off."""
    passed_over: dict[str, int]
    """How many frames were passed over, by reason."""
    reset_connections: int
    """Connections that were reset."""
    rst_copies: int
    """Copies of such segments."""
    rst_segments: int
    """Segments with the RST flag."""
    schema: Literal["whyrst.summary/1"]
    """`whyrst.summary/1`."""
    segments: int
    """TCP segments among them, copies included."""
    services: list[ServiceReport]
    """The ten services with the most of them."""
    severities: dict[str, int]
    """How many of which severity."""
    unexplained: int
    """Resets that no cause explains."""
    who_resets_whom: list[ResetsBetween]
    """Who resets whom, the most first; at most a hundred."""

class TimeoutsReport(Record):
    """After how many milliseconds a socket gives up or asks. `null`: never, or not known."""

    keepalive_ms: float | None
    """`TCP_KEEPIDLE` of a socket that has `SO_KEEPALIVE`: idle time until the first probe."""
    receive_ms: float | None
    """`SO_RCVTIMEO`."""
    send_ms: float | None
    """`SO_SNDTIMEO`."""
    user_ms: float | None
    """`TCP_USER_TIMEOUT`."""

class ToldApart(Record):
    """What distinguishes a cause that looks alike."""

    by: str
    """What distinguishes it."""
    cause: str
    """Its id."""

class TwinReport(Record):
    """The same handshake, or the other leg of a proxy, between other endpoints."""

    frames: list[int]
    """The frame of the SYN there, or of the refusal by the upstream, counted from 1."""
    relation: Literal["translated", "answered", "upstream"]
    """What the two have to do with each other."""
    tuple: str
    """Between whom, as `client > server`."""

class VantageReport(Record):
    """What one of several capture points has of the connection."""

    clock_offset_ns: int | None
    """The point's clock less that of the first-named point, in nanoseconds. `null` where traffic does not bound it."""
    clock_uncertainty_ns: int | None
    """How far off that may be, in nanoseconds."""
    frames: int
    """Segments of the connection that were recorded there."""
    loss: Literal["dropped", "cut", "unread", "holes", "memory"] | None
    """Why packets may be missing from its capture. `null` where nothing says so."""
    name: str
    """The name of the point."""
    place: int | None
    """Its place on the path, 0 next to the client. `null` where it saw nothing of the connection."""
    place_known_by: Literal["hops", "clocks", "given"] | None
    """How the place is known."""
    relation: Literal["same", "rewritten", "other-numbers", "nothing"]
    """Which of the point's connections it is."""
    saw_rst: bool | None
    """Whether the RST passed there. `null` where its absence means nothing."""
    saw_trigger: bool | None
    """Whether the segment passed there that the RST answers."""
    source: str | None
    """The first of its files."""
    tuple: Ends | None
    """The ends as packets have them there."""

class Verdict(Record):
    """The cause, and how sure it is."""

    cause: str
    """The id of the cause, as `whyrst causes` lists it; `unexplained` where none fits."""
    confidence: Literal["unexplained", "possible", "likely", "certain"]
    """How sure it is."""
    title: str
    """What it means, to be read after 'The connection was reset because'."""

class WordsReport(Record):
    """The last message of one end, as far as it stands in clear text."""

    frame: int
    """The frame that it begins in."""
    from_: Literal["client", "server"]
    """The end that said it."""
    meaning: str | None
    """What the code means. `null` where the text says it, or it is not known."""
    of: BodyReport | None
    """The body that is not complete: of the message itself, or of the request that it answers too early. `null` where all of it was sent, or there is none."""
    protocol: str
    """In which protocol: `http`, `http2`, `tls`, `ssh`, `smtp-or-ftp`, `mysql`, `text` and so on."""
    text: str
    """Its first line or its name and code, at most 200 bytes of it, with everything escaped that is not printable."""

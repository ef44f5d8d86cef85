// The records as docs/schema/ has them, written by `cargo xtask web`.

/**
 * TCP flags as letters: SYN, FIN, RST, PSH, ACK, URG, ECE, CWR; `-` for none.
 */
export type Flags = string
/**
 * How sure a verdict is, from the weakest to the strongest.
 */
export type Confidence = 'unexplained' | 'possible' | 'likely' | 'certain'
/**
 * One of the two ends of a connection.
 */
export type End = 'client' | 'server'
/**
 * A moment as in RFC 3339, in UTC with nanoseconds: `2026-01-31T12:00:00.123456789Z`.
 */
export type Timestamp = string
/**
 * A sign that a capture is not complete.
 */
export type Loss = 'dropped' | 'cut' | 'unread' | 'holes' | 'memory'
/**
 * How the order of capture points along the path is known, the surest first.
 */
export type OrderBy = 'hops' | 'clocks' | 'given'
/**
 * One line of the ladder of packets.
 */
export type Rung =
  | SegmentRung
  | {
      /**
       * How many.
       */
      gap: number
    }
/**
 * The shape of a reset on the wire, and nothing else: what it answers, and what had gone before.
 */
export type Family =
  | 'refused'
  | 'unwanted-answer'
  | 'broken-handshake'
  | 'aborted'
  | 'late-data'
  | 'last-segment'
  | 'unknown-connection'
  | 'syn-collision'
  | 'unseen'
/**
 * How much a reset matters, from the worst to the least.
 */
export type Severity = 'fault' | 'attack' | 'policy' | 'scan' | 'benign'
/**
 * Which record a line is.
 */
export type ReportSchema = 'whyrst.reset/1' | 'whyrst.failed-connect/1'
/**
 * How it is known which end opened the connection.
 */
export type Roles = 'seen' | 'guessed'
/**
 * In which form a RST says why it was sent.
 */
export type ClaimedIn = 'rst-diagnostic-payload' | 'linux-reason-payload' | 'big-ip' | 'text' | 'mp-tcprst'
/**
 * How far the connection had come.
 */
export type Phase = 'connect' | 'established' | 'closing' | 'closed' | 'midstream'
/**
 * Who made the RST.
 */
export type Origin = 'endpoint' | 'path' | 'unknown'
/**
 * How a RST was made.
 */
export type ResetKind = 'passive' | 'active' | 'unknown'
/**
 * The answer to a question. Unknown is never no.
 */
export type AnswerWord = 'yes' | 'no' | 'unknown'
/**
 * What part a question plays for the verdict.
 */
export type Role = 'need' | 'refutes' | 'supports' | 'vantage'
/**
 * The states of RFC 9293 section 3.3.2, and one for what an observer cannot know.
 */
export type TcpState =
  | 'unknown'
  | 'LISTEN'
  | 'SYN-SENT'
  | 'SYN-RECEIVED'
  | 'ESTABLISHED'
  | 'FIN-WAIT-1'
  | 'FIN-WAIT-2'
  | 'CLOSE-WAIT'
  | 'CLOSING'
  | 'LAST-ACK'
  | 'TIME-WAIT'
  | 'CLOSED'
/**
 * What is seen when an idle timeout expires.
 */
export type Expiry = 'reset-both' | 'reset-later' | 'silent' | 'close'
/**
 * Where the name stood that a client asked for.
 */
export type AskedIn = 'tls-server-name' | 'http-host'
/**
 * Who claims something of a connection: the program whose log it stands in, or the system whose kernel wrote it down.
 */
export type Claimant =
  | 'nginx'
  | 'access-log'
  | 'haproxy'
  | 'envoy'
  | 'sshd'
  | 'kubelet'
  | 'linux'
  | 'windows'
  | 'macos'
  | 'freebsd'
  | 'program'
/**
 * By what a claim is known to be about a connection.
 */
export type TiedBy = 'both-ends' | 'one-end' | 'address'
/**
 * How the packets bear on a claim.
 */
export type Standing = 'agrees' | 'contradicted' | 'undecided'
/**
 * What a connection has to do with another one that was captured beside it.
 */
export type TwinRelation = 'translated' | 'answered' | 'upstream'
/**
 * How firm the figures of what was lost are.
 */
export type Certainty = 'none' | 'exact' | 'at-most' | 'at-least' | 'unknown'
/**
 * Which of a capture point's connections is the one in question.
 */
export type Relation = 'same' | 'rewritten' | 'other-numbers' | 'nothing'
/**
 * The word in `schema`.
 */
export type IncidentSchema = 'whyrst.incident/1'
/**
 * What several resets have in common.
 */
export type IncidentKind =
  | 'service-died'
  | 'service-down'
  | 'service-absent'
  | 'intermittent'
  | 'host-forgot'
  | 'aborted-together'
  | 'policy-pushed'
  | 'path-resets'
  | 'idle-timeout'
  | 'repeated'
  | 'same-name'
  | 'scan'
  | 'health-check'
/**
 * The word in `schema`.
 */
export type SummarySchema = 'whyrst.summary/1'
/**
 * The word in `schema`.
 */
export type CauseSchema = 'whyrst.cause/1'
/**
 * Which step of a verdict a cause is.
 */
export type StepWord = 'mechanism' | 'reason'

export interface Records {
  reset: Report
  incident: IncidentReport
  summary: SummaryReport
  cause: CauseReport
}
/**
 * Why one connection was reset, or why one connect failed.
 *
 * One object stands for all RSTs of one incarnation of a connection. What is not known is `null`.
 */
export interface Report {
  /**
   * `whyrst.reset/1`, or `whyrst.failed-connect/1` for a connect that failed without any RST.
   */
  schema: ReportSchema
  /**
   * The file that holds the first RST, or host and network namespace when live.
   */
  source: string
  /**
   * When the first RST was seen; for a failed connect, when the first SYN was sent.
   */
  time: Timestamp
  /**
   * The end that opened the connection; the best guess when `roles` is `guessed`.
   */
  client: Endpoint
  /**
   * The end that the connection was opened to.
   */
  server: Endpoint
  /**
   * How it is known which end is the client.
   */
  roles: Roles
  /**
   * The ends that the other host knows the connection by. Absent where nobody knows what the NAT of the reporting host makes of them.
   */
  on_wire?: Ends | null
  /**
   * The RSTs of the connection, in the order of time; the first ones where there are many.
   */
  resets: ResetReport[]
  /**
   * How many RSTs there were in all.
   */
  resets_total: number
  /**
   * How far the connection had come.
   */
  phase: Phase
  /**
   * Who made the RST.
   */
  origin: Origin
  /**
   * How the RST was made.
   */
  kind: ResetKind
  /**
   * The leading answer: the first reason where that is likely or better, else the mechanism.
   */
  verdict: Verdict
  /**
   * What is known best, in one sentence.
   */
  headline: string
  /**
   * First step of the verdict: the shape of the reset. `null` for a failed connect.
   */
  family: FamilyReport | null
  /**
   * How sure `origin` is. `null` where it is unknown.
   */
  origin_confidence: Confidence | null
  /**
   * Second step: how the reset was made. `null` where nothing in the catalogue fits.
   */
  mechanism: MechanismReport | null
  /**
   * Third step: why somebody or something did that, the best reason first.
   */
  reasons: ReasonReport[]
  /**
   * The observations that decide between what is still open, the best one first.
   */
  decide: DecideReport[]
  /**
   * Other mechanisms that fit, the best first, then further reasons.
   */
  alternatives: AlternativeReport[]
  /**
   * The questions that the verdict rests on, with their answers.
   */
  evidence: EvidenceReport[]
  /**
   * What to do, in this order.
   */
  advice: string[]
  /**
   * What the kernel of the RST's sender said of it. `null` when it was not asked; an object of nulls when it was asked and had sent none.
   */
  kernel: KernelReport | null
  /**
   * The socket of the RST's sender, or that of its receiver where nothing is known of the sender's. `null` from a capture alone.
   */
  socket: SocketReport | null
  /**
   * The process that owns that socket.
   */
  process: ProcessReport | null
  /**
   * The socket of the other end, where it is on the same host.
   */
  peer_socket?: SocketReport | null
  /**
   * The process of the other end, where it is on the same host.
   */
  peer_process?: ProcessReport | null
  /**
   * Who had listened where the connection was refused, as `whyrst watch` remembers it.
   */
  listened?: ListenedReport | null
  /**
   * Known idle timeouts that the silence before the RST fits: hints, not proofs. `null` where the silence is not known.
   */
  idle_suspects: IdleSuspect[] | null
  /**
   * A display filter that shows this connection in Wireshark.
   */
  display_filter: string
  /**
   * A capture filter for the same two ends, as tcpdump takes it.
   */
  capture_filter: string
  /**
   * What each side sent, in the letters of Zeek's `history`.
   */
  history: string
  /**
   * How the connection ended, in Zeek's codes: `RSTO`, `RSTR`, `REJ` and so on.
   */
  conn_state: string
  /**
   * How much the reset matters.
   */
  severity: Severity
  /**
   * Why it matters that much.
   */
  severity_reason: string
  /**
   * The name that the client asked for in clear text.
   */
  asked_for: AskedFor | null
  /**
   * The last message of each end, in the order of time, where it was captured in clear text and in a protocol that is known.
   */
  words: WordsReport[]
  /**
   * What lines of logs (`--log-file`) and the records of other systems' kernels (`--events`) claim of it, in the order of time; the first 16.
   */
  claims: LoggedClaim[]
  /**
   * The signature of connection tampering that the segments match.
   */
  tampering_signature: string | null
  /**
   * The same handshake, or the other leg of a proxy, between other endpoints. `null` where none was captured.
   */
  twin: TwinReport | null
  /**
   * The other connections to the same service, as far as they were captured. `null` for a refused connect, and where nothing is known of them.
   */
  siblings: SiblingsReport | null
  /**
   * Whether the RST was accepted, and what was lost by it.
   */
  effect: Effect
  /**
   * How many equal resets this object stands for.
   */
  count: number
  /**
   * The connection in numbers.
   */
  stats: Stats
  /**
   * The capture point whose frames and times these are, where there are several.
   */
  vantage?: string | null
  /**
   * What each capture point has of the connection, where there are several.
   */
  vantages?: VantageReport[] | null
  /**
   * Why, as a sentence.
   */
  sentence?: string
  /**
   * The moment that the `ns` of the ladder are counted from. `null` when no frame was captured.
   */
  ladder_from?: Timestamp | null
  /**
   * The packets. `null` when none was captured.
   */
  ladder?: Rung[] | null
  /**
   * What kernels and the RST itself say, as sentences.
   */
  told?: string[]
  /**
   * What several capture points know together, as sentences.
   */
  points?: string[]
  /**
   * What was not seen, as sentences.
   */
  unseen?: string[]
  /**
   * What was lost, as sentences.
   */
  harm?: string[]
}
/**
 * Both ends of a connection.
 */
export interface Ends {
  /**
   * The end that opened it.
   */
  client: Endpoint
  /**
   * The end that it was opened to.
   */
  server: Endpoint
}
/**
 * One RST.
 */
export interface ResetReport {
  /**
   * The file that holds it.
   */
  file: string
  /**
   * The number of its frame in that file, counted from 1. `null` when no frame was captured.
   */
  frame: number | null
  /**
   * When it was seen.
   */
  time: Timestamp
  /**
   * The end that it claims to come from.
   */
  from: End
  /**
   * Its TCP flags. `null` when no frame was captured and no kernel was asked.
   */
  flags: Flags | null
  /**
   * Its sequence number, counted from the first of its sender.
   */
  seq_rel: number
  /**
   * Its acknowledgment number, counted from the first of its receiver. `null` without the ACK flag.
   */
  ack_rel: number | null
  /**
   * Its sequence number as in the header. `null` where the source does not say it, as text with relative numbers.
   */
  seq: number | null
  /**
   * Its acknowledgment number as in the header. `null` without the ACK flag, and as `seq`.
   */
  ack: number | null
  /**
   * The window field, not scaled. `null` when no frame was captured.
   */
  window: number | null
  /**
   * Time to live or hop limit: hops left. `null` when no frame was captured.
   */
  ttl: number | null
  /**
   * Its payload, with everything escaped that is not printable. `null` when it has none.
   */
  payload: string | null
  /**
   * What it says of itself: a claim of whoever made it.
   */
  said: ClaimReport | null
  /**
   * The frame of the segment that it answers.
   */
  answers: number | null
  /**
   * Whether its receiver accepted it. `null` where the packets do not decide that.
   */
  accepted: boolean | null
  /**
   * How that is known, or why it is not: from its numbers and checksum, and from what its receiver did afterwards. `null` where no packet was captured.
   */
  accepted_because: string | null
  /**
   * Its frame at each capture point that saw it, where there are several.
   */
  frames?: {
    [k: string]: number
  } | null
  /**
   * The verdict on it alone, where another maker than that of the first RST sent it: a host and a device both reset the connection.
   */
  verdict?: Verdict | null
}
/**
 * What a RST says of itself.
 */
export interface ClaimReport {
  /**
   * In which form it says so.
   */
  by: ClaimedIn
  /**
   * The code that it gives. `null` for text.
   */
  code: number | null
  /**
   * Whose code: an IANA private enterprise number, 0 for the registry of the draft.
   */
  enterprise: number | null
  /**
   * The meaning of the code, or the text itself, escaped.
   */
  text: string
}
/**
 * The cause, and how sure it is.
 */
export interface Verdict {
  /**
   * The id of the cause, as `whyrst causes` lists it; `unexplained` where none fits.
   */
  cause: string
  /**
   * How sure it is.
   */
  confidence: Confidence
  /**
   * What it means, to be read after "The connection was reset because".
   */
  title: string
}
/**
 * The shape of the reset on the wire.
 */
export interface FamilyReport {
  /**
   * Which shape.
   */
  id: Family
  /**
   * How sure it is.
   */
  confidence: Confidence
  /**
   * The end in whose name the RST came.
   */
  by: End
  /**
   * The same as a sentence.
   */
  text: string
}
/**
 * How the reset was made.
 */
export interface MechanismReport {
  /**
   * The id of the mechanism, as `whyrst causes` lists it.
   */
  cause: string
  /**
   * How sure it is.
   */
  confidence: Confidence
  /**
   * What it means, to be read after "The connection was reset because".
   */
  title: string
  /**
   * What proves it outside of this capture.
   */
  confirm: string
  /**
   * The ids of the other mechanisms of this family that nothing refutes, the best first.
   */
  open: string[]
}
/**
 * Why somebody or something reset the connection.
 */
export interface ReasonReport {
  /**
   * The id of the reason, as `whyrst causes` lists it.
   */
  cause: string
  /**
   * How sure it is.
   */
  confidence: Confidence
  /**
   * What it means, to be read after "The connection was reset because".
   */
  title: string
  /**
   * What proves it outside of this capture.
   */
  confirm: string
  /**
   * The ids of the questions that speak for it.
   */
  evidence: string[]
}
/**
 * One observation that decides between what is still open.
 */
export interface DecideReport {
  /**
   * The end on whose host it is made.
   */
  on: End
  /**
   * What to run there.
   */
  command: string
  /**
   * What it distinguishes: each text is one outcome, the ids that it leaves joined by `+`.
   */
  splits: string[]
}
/**
 * Another cause that fits.
 */
export interface AlternativeReport {
  /**
   * Its id.
   */
  cause: string
  /**
   * How sure it is.
   */
  confidence: Confidence
  /**
   * What would distinguish it from the verdict.
   */
  told_apart_by: string
}
/**
 * One question with its answer.
 */
export interface EvidenceReport {
  /**
   * The id of the question.
   */
  question: string
  /**
   * The answer. Unknown is never no.
   */
  answer: AnswerWord
  /**
   * What part it plays for the verdict.
   */
  role: Role
  /**
   * The frames that show it.
   */
  frames: number[]
  /**
   * The answer as a sentence.
   */
  text: string
}
/**
 * What the kernel of the RST's sender said of it.
 */
export interface KernelReport {
  /**
   * The name in `enum sk_rst_reason` without its prefix; empty where the kernel gives none.
   */
  reason: string | null
  /**
   * The state of the socket when the RST was sent, by the kernel's name.
   */
  state: string | null
  /**
   * The reason for which the segment was dropped that the RST answers. Always `null` so far.
   */
  skb_drop: string | null
  /**
   * The functions that led to the RST, the innermost first.
   */
  stack: string[]
}
/**
 * A socket when its connection was reset, or when it was closed.
 */
export interface SocketReport {
  /**
   * Which end it is.
   */
  end: End
  /**
   * Bytes received that no program had read.
   */
  unread_bytes: number
  /**
   * Bytes written that had not been sent.
   */
  unsent_bytes: number
  /**
   * Bytes sent that had not been acknowledged.
   */
  unacked_bytes: number
  /**
   * `SO_LINGER` in seconds. `null` when it is off.
   */
  linger: number | null
  /**
   * Milliseconds since it was opened. `null` when that was not seen.
   */
  age_ms: number | null
  /**
   * Milliseconds since data was last sent or received.
   */
  idle_ms: number | null
  /**
   * Bytes received in order; a FIN counts as one.
   */
  received_bytes: number
  /**
   * Bytes that were acknowledged; a SYN and a FIN of this end count as one each.
   */
  acked_bytes: number
  /**
   * Segments sent again.
   */
  retransmits: number
  /**
   * Milliseconds since it was closed. `null` when it was open.
   */
  closed_ms_ago: number | null
  /**
   * Milliseconds since a segment was last sent again.
   */
  retransmitted_ms_ago: number | null
  /**
   * The error that the program gets because of this reset, by its name. `null` when it gets none.
   */
  errno: string | null
  /**
   * The last error that the program got before.
   */
  told_earlier: string | null
  /**
   * What the program asked of its socket.
   */
  timeouts: TimeoutsReport
  /**
   * The last states that it went through, the oldest first.
   */
  states: StateReport[]
}
/**
 * A change of a socket's state.
 */
export interface StateReport {
  /**
   * When.
   */
  time: Timestamp
  /**
   * Into which state.
   */
  state: TcpState
}
/**
 * A process, as far as it was known when the reset happened.
 */
export interface ProcessReport {
  /**
   * Which end it is. Absent for `closer` and `maker`.
   */
  end?: End | null
  /**
   * Its process id, in the host's namespace.
   */
  pid: number
  /**
   * The name of its program, at most 15 bytes.
   */
  comm: string
  /**
   * Its arguments.
   */
  cmdline: string | null
  /**
   * Its user.
   */
  uid: number | null
  /**
   * The path of its cgroup.
   */
  cgroup: string | null
  /**
   * Its container, by the cgroup's path.
   */
  container: ContainerReport | null
  /**
   * Its systemd unit, by the cgroup's path.
   */
  unit: string | null
  /**
   * The inode of its network namespace, as `lsns -t net` shows it.
   */
  netns: number
  /**
   * The system call that it was in.
   */
  syscall: string | null
  /**
   * The signal that ended it.
   */
  exit_signal: number | null
  /**
   * Whether the kernel ended it because memory ran out; the signal is 9 then as well.
   */
  oom_killed?: boolean
  /**
   * The process that closed the socket first.
   */
  closer: ProcessReport | null
  /**
   * The process that made this reset, where that is not the owner: it destroyed the socket (`ss -K`), or its signal ended the owner.
   */
  maker: ProcessReport | null
}
/**
 * A container, by the path of its cgroup.
 */
export interface ContainerReport {
  /**
   * `docker`, `containerd`, `cri-o` or `podman`. `null` where the path names none.
   */
  runtime: string | null
  /**
   * Its id.
   */
  id: string
  /**
   * The uid of its Kubernetes pod.
   */
  pod: string | null
}
/**
 * Somebody who listened at a port, and listens no more.
 */
export interface ListenedReport {
  /**
   * Until when.
   */
  until: Timestamp
  /**
   * Milliseconds from then to the refusal.
   */
  ended_ms_ago: number
  /**
   * Who closed that socket, or ended and closed it so. `null` where that was not seen.
   */
  process: ProcessReport | null
  /**
   * The process whose signal ended it.
   */
  killer: ProcessReport | null
}
/**
 * A known idle timeout that the silence before the reset fits.
 */
export interface IdleSuspect {
  /**
   * Product and setting.
   */
  name: string
  /**
   * Its default in seconds.
   */
  seconds: number
  /**
   * What is seen when it expires.
   */
  on_expiry: Expiry
  /**
   * Where the default is documented.
   */
  source: string
}
/**
 * The name that a client asked for in clear text.
 */
export interface AskedFor {
  /**
   * The name, in lower case.
   */
  name: string
  /**
   * Where it stood.
   */
  stood_in: AskedIn
}
/**
 * The last message of one end, as far as it stands in clear text.
 */
export interface WordsReport {
  /**
   * The end that said it.
   */
  from: End
  /**
   * The frame that it begins in.
   */
  frame: number
  /**
   * In which protocol: `http`, `http2`, `tls`, `ssh`, `smtp-or-ftp`, `mysql`, `text` and so on.
   */
  protocol: string
  /**
   * Its first line or its name and code, at most 200 bytes of it, with everything escaped that is not printable.
   */
  text: string
  /**
   * What the code means. `null` where the text says it, or it is not known.
   */
  meaning: string | null
  /**
   * The body that is not complete: of the message itself, or of the request that it answers too early. `null` where all of it was sent, or there is none.
   */
  of: BodyReport | null
}
/**
 * The body of a message: how long it should be, and how much of it was seen.
 */
export interface BodyReport {
  /**
   * The end that sends it.
   */
  from: End
  /**
   * How long it is, as its head announces. `null` where it comes in chunks, or the head is cut off.
   */
  content_length: number | null
  /**
   * Bytes of it that were sent before the first RST.
   */
  seen: number
}
/**
 * A line of a log about the connection: what somebody says of it, no proof.
 */
export interface LoggedClaim {
  /**
   * The file that it stands in.
   */
  source: string
  /**
   * The number of its line there, from 1; of the packet's frame where a capture says it.
   */
  line: number
  /**
   * When it was written or, where the line says that instead, when what it is about began. `null` where it says neither.
   */
  time: Timestamp | null
  /**
   * Who says it.
   */
  by: Claimant
  /**
   * The end of the connection that the claimant is. `null` where that is not known.
   */
  end: End | null
  /**
   * The name of the process that wrote it or that it is about. `null` where the line does not say it.
   */
  process: string | null
  /**
   * Its number.
   */
  pid: number | null
  /**
   * By what it is known to be about this connection.
   */
  tied_by: TiedBy
  /**
   * The line, escaped; at most 240 characters of it.
   */
  text: string
  /**
   * The message that it holds, as `whyrst why` lists it. `null` where it is none of those.
   */
  symptom: string | null
  /**
   * The reason that it names, by its id in the catalogue. `null` where it names none.
   */
  cause: string | null
  /**
   * How the packets bear on it.
   */
  standing: Standing
  /**
   * What in the packets does that; empty where they do not.
   */
  because: string
}
/**
 * The same handshake, or the other leg of a proxy, between other endpoints.
 */
export interface TwinReport {
  /**
   * The frame of the SYN there, or of the refusal by the upstream, counted from 1.
   */
  frames: number[]
  /**
   * Between whom, as `client > server`.
   */
  tuple: string
  /**
   * What the two have to do with each other.
   */
  relation: TwinRelation
}
/**
 * The other connections to one service.
 */
export interface SiblingsReport {
  /**
   * Address and port of the service.
   */
  service: string
  /**
   * Connections that it had accepted before this one was reset, this one not counted.
   */
  before: number
  /**
   * Those of the first 64 that were open when this one was reset.
   */
  during: number
  /**
   * Connections that it accepted within the time that the reset was watched for. `null` where the capture was not read on.
   */
  after: number | null
  /**
   * Connections that were reset, this one among them; of the last 32.
   */
  died: number
  /**
   * How long those had been silent, in ms, in the order of their resets.
   */
  idle_ms_died: number[]
  /**
   * How old those had become, in ms, in the same order.
   */
  age_ms_died: number[]
  /**
   * The longest silence after which one of the first 64 went on, in ms. `null` where none of them was silent.
   */
  idle_ms_survived_max: number | null
  /**
   * The silences after which the service closed a connection itself, in ms; of the last 32.
   */
  idle_ms_closed: number[]
}
/**
 * What one of several capture points has of the connection.
 */
export interface VantageReport {
  /**
   * The name of the point.
   */
  name: string
  /**
   * The first of its files.
   */
  source: string | null
  /**
   * Segments of the connection that were recorded there.
   */
  frames: number
  /**
   * The point's clock less that of the first-named point, in nanoseconds. `null` where traffic does not bound it.
   */
  clock_offset_ns: number | null
  /**
   * How far off that may be, in nanoseconds.
   */
  clock_uncertainty_ns: number | null
  /**
   * Whether the RST passed there. `null` where its absence means nothing.
   */
  saw_rst: boolean | null
  /**
   * Whether the segment passed there that the RST answers.
   */
  saw_trigger: boolean | null
  /**
   * The ends as packets have them there.
   */
  tuple: Ends | null
  /**
   * Which of the point's connections it is.
   */
  relation: Relation
  /**
   * Why packets may be missing from its capture. `null` where nothing says so.
   */
  loss: Loss | null
  /**
   * Its place on the path, 0 next to the client. `null` where it saw nothing of the connection.
   */
  place: number | null
  /**
   * How the place is known.
   */
  place_known_by: OrderBy | null
}
/**
 * Several resets that have one explanation.
 */
export interface IncidentReport {
  /**
   * `whyrst.incident/1`.
   */
  schema: IncidentSchema
  /**
   * What they have in common.
   */
  kind: IncidentKind
  /**
   * What was seen, as a sentence.
   */
  title: string
  /**
   * What that most likely means, and where to look.
   */
  reading: string
  /**
   * How much it matters.
   */
  severity: Severity
  /**
   * When the first of them happened.
   */
  time: Timestamp
  /**
   * When the last of them happened.
   */
  last: Timestamp
  /**
   * When the service was last seen to accept before. `null` where that was not seen or does not apply.
   */
  accepted_before: Timestamp | null
  /**
   * When the service was first seen to accept again. `null` where that was not seen or does not apply.
   */
  accepted_again: Timestamp | null
  /**
   * The host that it is about. `null` where it is about none.
   */
  host: string | null
  /**
   * The service that it is about, as `10.0.0.2:80` or `[2001:db8::1]:80`. `null` where it is about none.
   */
  server: string | null
  /**
   * The name that the clients asked for. `null` where they did not ask for one and the same.
   */
  name: string | null
  /**
   * How many connections belong to it.
   */
  connections: number
  /**
   * How many of them were connects that were refused.
   */
  refused: number
  /**
   * How many different clients there were.
   */
  clients: number
  /**
   * How many different services there were.
   */
  services: number
  /**
   * Milliseconds from one to the next, or of silence before each. `null` where there is no such time.
   */
  rhythm_ms: number | null
  /**
   * How many of them have which cause.
   */
  causes: {
    [k: string]: number
  }
  /**
   * Where the first of them stand.
   */
  frames: FrameReport[]
}
/**
 * A frame of a file.
 */
export interface FrameReport {
  /**
   * The file.
   */
  file: string
  /**
   * The number of the frame in it, counted from 1.
   */
  frame: number
}
/**
 * What the captures showed, in numbers.
 */
export interface SummaryReport {
  /**
   * `whyrst.summary/1`.
   */
  schema: SummarySchema
  /**
   * The files that were read.
   */
  files: string[]
  /**
   * Frames read.
   */
  frames: number
  /**
   * TCP segments among them, copies included.
   */
  segments: number
  /**
   * Copies of packets that were left out: several interfaces, or a mirror port.
   */
  copies: number
  /**
   * Segments with the RST flag.
   */
  rst_segments: number
  /**
   * Copies of such segments.
   */
  rst_copies: number
  /**
   * Connections.
   */
  connections: number
  /**
   * Connections that were reset.
   */
  reset_connections: number
  /**
   * Connects that failed without any RST.
   */
  failed_connects: number
  /**
   * Resets that no cause explains.
   */
  unexplained: number
  /**
   * Connections that were forgotten to stay within the memory bound.
   */
  forgotten: number
  /**
   * Resets that are alike, the commonest first.
   */
  issues: IssueReport[]
  /**
   * How many of which cause, the commonest first.
   */
  causes: CauseCount[]
  /**
   * How many of which severity.
   */
  severities: {
    [k: string]: number
  }
  /**
   * The ten services with the most of them.
   */
  services: ServiceReport[]
  /**
   * Who resets whom, the most first; at most a hundred.
   */
  who_resets_whom: ResetsBetween[]
  /**
   * What several of them have in common.
   */
  incidents: IncidentReport[]
  /**
   * How many frames were passed over, by reason.
   */
  passed_over: {
    [k: string]: number
  }
  /**
   * What else there is to know: files cut short, fragments, packets cut off.
   */
  notes: string[]
}
/**
 * Resets with the same shape and the same leading answer, in the name of the same side, of the same port.
 */
export interface IssueReport {
  /**
   * The shape of the resets. `null` for failed connects.
   */
  family: Family | null
  /**
   * The leading cause; `unexplained` where none fits.
   */
  cause: string
  /**
   * How sure most of them are.
   */
  confidence: Confidence
  /**
   * The end in whose name the resets came.
   */
  by: End
  /**
   * The service, as `10.0.0.2:80`, or as `:80` where there are several.
   */
  service: string
  /**
   * How many servers there are.
   */
  servers: number
  /**
   * How many connections.
   */
  count: number
  /**
   * How many connections these servers were asked for in all. `null` where that is not known.
   */
  of_connections: number | null
  /**
   * How much each of them matters. `null` in records of versions that did not say.
   */
  severity: Severity | null
}
/**
 * How many there are of a cause.
 */
export interface CauseCount {
  /**
   * The id of the cause.
   */
  cause: string
  /**
   * How sure they are.
   */
  confidence: Confidence
  /**
   * How many.
   */
  count: number
}
/**
 * How many there are of a service.
 */
export interface ServiceReport {
  /**
   * The service, as `10.0.0.2:80` or `[2001:db8::1]:80`.
   */
  server: string
  /**
   * How many.
   */
  count: number
  /**
   * How many of which cause.
   */
  causes: {
    [k: string]: number
  }
}
/**
 * Resets between one service and its clients, in the name of one side.
 */
export interface ResetsBetween {
  /**
   * The service, as `10.0.0.2:80` or `[2001:db8::1]:80`.
   */
  service: string
  /**
   * The end that they came from.
   */
  by: End
  /**
   * The client's address. `null` where there are several.
   */
  client: string | null
  /**
   * How many clients, as far as they were told apart: at most 256.
   */
  clients: number
  /**
   * How many connections.
   */
  count: number
  /**
   * Their commonest cause.
   */
  cause: string
}
/**
 * One cause of the catalogue.
 */
export interface CauseReport {
  /**
   * `whyrst.cause/1`.
   */
  schema: CauseSchema
  /**
   * Its id, which never changes its meaning.
   */
  id: string
  /**
   * What happens, in one sentence.
   */
  title: string
  /**
   * What happens and why.
   */
  explanation: string
  /**
   * What the programs on both ends see: return values and errno.
   */
  effect: string
  /**
   * How much it matters as a rule.
   */
  severity: Severity
  /**
   * The reasons that the kernel of the RST's sender gives: names of `enum sk_rst_reason` without their prefix.
   */
  kernel_reasons: string[]
  /**
   * The same in words.
   */
  kernel: string
  /**
   * Which step of a verdict it is.
   */
  step: StepWord
  /**
   * The families that it can show as a mechanism.
   */
  families: Family[]
  /**
   * The ids of the mechanisms that it explains as a reason.
   */
  explains: string[]
  /**
   * What proves it outside of a capture.
   */
  confirm: string
  /**
   * The questions that the rule asks.
   */
  recognised: RecognisedBy[]
  /**
   * The ids of causes that look alike.
   */
  look_alikes: string[]
  /**
   * What distinguishes each of them.
   */
  told_apart: ToldApart[]
  /**
   * How to see it happen.
   */
  reproduction: string
  /**
   * What to do, in this order.
   */
  advice: string[]
  /**
   * The standards and kernel functions that the rule follows from.
   */
  sources: string[]
}
/**
 * A question of a rule.
 */
export interface RecognisedBy {
  /**
   * What part it plays, in words.
   */
  role: string
  /**
   * What a yes says.
   */
  text: string
}
/**
 * What distinguishes a cause that looks alike.
 */
export interface ToldApart {
  /**
   * Its id.
   */
  cause: string
  /**
   * What distinguishes it.
   */
  by: string
}
/**
 * One end of a connection.
 */
export interface Endpoint {
  /**
   * Network address, as it stood in the innermost IP header.
   */
  ip: string
  /**
   * TCP port.
   */
  port: number
}
/**
 * After how many milliseconds a socket gives up or asks. `null`: never, or not known.
 */
export interface TimeoutsReport {
  /**
   * `SO_SNDTIMEO`.
   */
  send_ms: number | null
  /**
   * `SO_RCVTIMEO`.
   */
  receive_ms: number | null
  /**
   * `TCP_USER_TIMEOUT`.
   */
  user_ms: number | null
  /**
   * `TCP_KEEPIDLE` of a socket that has `SO_KEEPALIVE`: idle time until the first probe.
   */
  keepalive_ms: number | null
}
/**
 * What the reset did.
 */
export interface Effect {
  /**
   * Whether its receiver accepted it. `null` where the packets do not decide that.
   */
  accepted: boolean | null
  /**
   * Bytes of the client that the server's program did not get, as firm as `certainty` says.
   */
  lost_client_bytes: number | null
  /**
   * Bytes of the server that the client's program did not get, as firm as `certainty` says.
   */
  lost_server_bytes: number | null
  /**
   * Of the client's bytes, those that were lost for certain.
   */
  surely_lost_client_bytes: number
  /**
   * Of the server's bytes, those that were lost for certain.
   */
  surely_lost_server_bytes: number
  /**
   * How firm `lost_client_bytes` and `lost_server_bytes` are.
   */
  certainty: Certainty
}
/**
 * A connection in numbers.
 */
export interface Stats {
  /**
   * Frames of the connection, copies not counted.
   */
  frames: number
  /**
   * Payload bytes that the client sent, each counted once.
   */
  client_bytes: number
  /**
   * Payload bytes that the server sent, each counted once.
   */
  server_bytes: number
  /**
   * Segments sent again.
   */
  retransmits: number
  /**
   * Copies of packets that were left out: several interfaces, or a mirror port.
   */
  copies: number
  /**
   * Milliseconds from the first segment to the first RST.
   */
  duration_ms: number
  /**
   * Milliseconds of silence before the first RST. `null` when no RST was seen.
   */
  idle_before_rst_ms: number | null
}
/**
 * One segment of the ladder. What is nothing special is absent: a report has many of these.
 */
export interface SegmentRung {
  /**
   * The number of its frame, counted from 1.
   */
  frame: number
  /**
   * The file that holds it, where there are several.
   */
  file?: string | null
  /**
   * Its frame at each capture point that saw it, where there are several.
   */
  frames?: {
    [k: string]: number
  } | null
  /**
   * Nanoseconds since `ladder_from`.
   */
  ns: number
  /**
   * The end that it claims to come from.
   */
  from: End
  /**
   * What it is, in words.
   */
  text: string
  /**
   * Its TCP flags.
   */
  flags: Flags
  /**
   * Its sequence number as in the header; `null` where the source does not say it.
   */
  seq: number | null
  /**
   * The same, counted from the first of its sender.
   */
  seq_rel: number
  /**
   * Its acknowledgment number as in the header; absent without the ACK flag and where the source does not say it.
   */
  ack?: number | null
  /**
   * The same, counted from the first of its receiver.
   */
  ack_rel?: number | null
  /**
   * Bytes of payload.
   */
  len: number
  /**
   * The window field, not scaled.
   */
  win: number
  /**
   * The window that it offers, in bytes; absent where its scale is not known, and in a RST.
   */
  offers?: number | null
  /**
   * Time to live or hop limit: hops left; `null` where the source does not say it.
   */
  ttl: number | null
  /**
   * Type of service or traffic class; absent when 0.
   */
  tos?: number | null
  /**
   * The identification of an IPv4 packet.
   */
  ip_id?: number | null
  /**
   * Its TCP options, by their names.
   */
  options?: string[]
  /**
   * The value of its timestamps option.
   */
  ts_value?: number | null
  /**
   * What is remarkable about it.
   */
  notes?: string[]
  /**
   * `true` for what the verdict rests on, else absent.
   */
  marked?: boolean | null
}

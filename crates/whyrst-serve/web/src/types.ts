// The shapes that come from the server or stand in a report: the JSON contract, with what a page
// needs beside it. Names are those of the contract.

export type Severity = 'fault' | 'attack' | 'policy' | 'scan' | 'benign'
export type Confidence = 'certain' | 'likely' | 'possible' | 'unexplained'
export type Order = 'harm' | 'newest' | 'oldest'

/** One line of the list. */
export interface Row {
  id: string
  time: string
  client: string
  server: string
  cause: string
  confidence: Confidence
  severity: Severity
  ending: string
  origin: string
  process: string | null
  /** The host that the client asked for. */
  name: string | null
  source: string
  lost: number | null
  accepted: boolean | null
  count: number
}

export interface Page {
  generation: number
  rows: number
  offset: number
  /** Where the reset that was looked for stands in the whole list. */
  at: number | null
  list: Row[]
}

export interface Facet {
  key: string
  values: { value: string; count: number }[]
  more: number
}

export interface Series {
  start: number
  step: number
  columns: number
  causes: { cause: string | null; counts: number[] }[]
}

export interface View {
  rows: number
  total: number
  facets: Facet[]
  series: Series
}

export interface Incident {
  kind: string
  title: string
  reading: string
  severity: Severity
  time: string
  last: string
  host: string | null
  server: string | null
  connections: number
  refused: number
  causes: Record<string, number>
}

export interface Summary {
  files: string[]
  frames: number
  segments: number
  connections: number
  reset_connections: number
  failed_connects: number
  unexplained: number
  passed_over: Record<string, number>
  notes: string[]
}

export interface Source {
  name: string
  kind: 'capture' | 'dropped' | 'recording' | 'live'
  state: 'arriving' | 'reading' | 'live' | 'done' | 'failed'
  octets?: number
  of?: number | null
  cause?: string
  resets: number
  remarks: string[]
  more_remarks: number
  summary: Summary | null
  incidents: Incident[]
}

export interface Overview {
  version: string
  generation: number
  rows: number
  forgotten: number
  sources: Source[]
}

export interface End {
  ip: string
  port: number
}

/** What is nothing special is left out. */
export interface Segment {
  frame: number
  file?: string
  frames?: Record<string, number>
  /** Nanoseconds since the ladder's first moment. */
  ns: number
  from: 'client' | 'server'
  text: string
  flags: string
  seq: number
  seq_rel: number
  ack?: number
  ack_rel?: number
  len: number
  win: number
  ttl: number
  tos?: number
  ip_id?: number
  options?: string[]
  ts_value?: number
  notes?: string[]
  marked?: true
}

export type Rung = Segment | { gap: number }

export interface Evidence {
  question: string
  answer: 'yes' | 'no' | 'unknown'
  role: string
  frames: number[]
  text: string
}

export interface Process {
  end?: string
  pid: number
  comm: string
  cmdline: string | null
  cgroup: string | null
  unit: string | null
  netns: number
  syscall: string | null
  exit_signal: number | null
}

export interface Socket {
  end: string
  unread_bytes: number
  unsent_bytes: number
  unacked_bytes: number
  linger: number | null
  age_ms: number | null
  idle_ms: number | null
  states: { time: string; state: string }[]
}

export interface Reset {
  schema: string
  source: string
  time: string
  client: End
  server: End
  roles: string
  resets: { frame: number | null; from: string; flags: string | null; ttl: number | null; payload: string | null }[]
  resets_total: number
  phase: string
  origin: string
  kind: string
  verdict: { cause: string; confidence: Confidence; title: string }
  alternatives: { cause: string; told_apart_by: string }[]
  evidence: Evidence[]
  advice: string[]
  kernel: { reason: string | null; state: string | null; stack: string[] } | null
  socket: Socket | null
  process: Process | null
  peer_process?: Process
  history: string
  conn_state: string
  severity: Severity
  severity_reason?: string
  asked_for?: { name: string; stood_in: string } | null
  effect: {
    accepted: boolean | null
    lost_client_bytes: number | null
    lost_server_bytes: number | null
    certainty: string
  }
  count: number
  stats: {
    frames: number
    client_bytes: number
    server_bytes: number
    retransmits: number
    duration_ms: number
    idle_before_rst_ms: number | null
  }
  // What a page needs beside the contract; absent in lines that `explain` or `watch` wrote without it.
  headline?: string
  sentence?: string
  ladder_from?: string | null
  ladder?: Rung[] | null
  told?: string[]
  points?: string[]
  unseen?: string[]
  harm?: string[]
}

export interface Cause {
  id: string
  title: string
  explanation: string
  effect: string
  severity: Severity
  kernel: string
  recognised: { role: string; text: string }[]
  told_apart: { cause: string; by: string }[]
  advice: string[]
  reproduction: string
  sources: string[]
}

/** Where the page gets what it shows: a server, or the data that a report brings with it. */
export interface Backend {
  readonly live: boolean
  overview(): Promise<Overview>
  view(q: string): Promise<View>
  page(q: string, order: Order, offset: number, limit: number, find: string | null): Promise<Page>
  reset(id: string): Promise<Reset>
  cause(id: string): Promise<Cause>
}

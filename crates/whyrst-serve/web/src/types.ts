// What the server answers beside the records themselves, which are in records.ts, and where the page gets both from.

import type { CauseReport, Confidence, End, Family, IncidentReport, Report, Rung, Severity, SummaryReport } from './records'

export type Order = 'harm' | 'newest' | 'oldest'

/** One line of the list. */
export interface Row {
  id: string
  time: string
  client: string
  server: string
  cause: string
  confidence: Confidence
  /** The shape of the reset. A failed connect has none. */
  family: Family | null
  mechanism: string | null
  /** The first reason. */
  reason: string | null
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

/** Resets of one shape with one leading cause that matter as much, of one side and one port. */
export interface Issue {
  family: Family | null
  cause: string
  /** The verdict in words. */
  title: string
  by: End | null
  port: number
  severity: Severity
  ending: string
  confidence: Confidence
  count: number
  rows: number
  servers: number
  clients: number
  /** Its server, where it has one. */
  service: string | null
  lost: number | null
  first: string
  last: string
  /** How many in each part of the time that all issues take. */
  counts: number[]
}

export interface View {
  rows: number
  total: number
  issues: Issue[]
  facets: Facet[]
  series: Series
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
  summary: SummaryReport | null
  incidents: IncidentReport[]
}

export interface Overview {
  version: string
  generation: number
  rows: number
  forgotten: number
  sources: Source[]
}

/** The packets of a connection, as many as were asked for. */
export interface Packets {
  ladder_from: string
  ladder: Rung[]
  /** All that there are. */
  total: number
  /** Copies of one packet that were left out. */
  copies: number
}

/** How a row of yours stands to one of the lab's. */
export type Comparison = 'equal' | 'different' | 'only-yours' | 'only-lab' | 'unknown'

/** A reset beside the lab's run of its cause. */
export interface Beside {
  cause: string
  scenario: string
  story: string
  /** The lab's client did what your server did. */
  mirrored: boolean
  packets: {
    comparison: Comparison
    from: End | null
    frame: number | null
    yours: string | null
    lab: string | null
    differs: string[]
  }[]
  signs: { comparison: Comparison; yours: string; lab: string }[]
}

/** What comes in while the page is open. */
export interface Feed {
  /** Who explains what is dropped, and how much of it is kept: for the help. */
  readonly about: string
  /** Calls `changed` whenever there is something new, and `heard` when whoever answers is lost or found again. */
  listen(changed: () => void, heard: (now: boolean) => void): () => void
  /** Takes a capture to be explained; `sent` is told the octets that have left. */
  send(file: File, sent: (octets: number) => void): Promise<void>
}

/** Where the page gets what it shows: a server, the data that a report brings with it, or WebAssembly in the page. */
export interface Backend {
  /** `null` where nothing comes in. */
  readonly feed: Feed | null
  overview(): Promise<Overview>
  view(q: string): Promise<View>
  page(q: string, order: Order, offset: number, limit: number, find: string | null): Promise<Page>
  reset(id: string): Promise<Report>
  packets(id: string, most: number): Promise<Packets>
  /** `null` where the lab has no run of its cause. */
  beside(id: string): Promise<Beside | null>
  cause(id: string): Promise<CauseReport>
}

// Why were the TCP connections in a capture reset? The records are those of docs/json.md.

import type { CauseReport, IncidentReport, Report, SummaryReport } from './records.js'

export type * from './records.js'

/** What is read as a stream: at most `most` bytes, at least one, and none at the end. */
export interface Source {
  read(most: number): Uint8Array
  /** Called when nothing more is read. */
  close?(): void
}

export interface Options {
  /** The `source` of each record; the name of a file, or `bytes`, when not said. */
  name?: string
  /** Also connects that failed without any RST (`explain --all`). */
  failedConnects?: boolean
  /** With what a page shows: the rungs of the ladder, the sentences of the text report. */
  page?: boolean
  /** Texts in Chinese; ids and names are the same in both. */
  language?: 'en' | 'zh'
  /** Bytes for connections, 256 MiB when not said. Beyond it the quietest are forgotten, and `notes()` says so. */
  memory?: number
  /** Looks only at what a filter matches (`explain --filter`). */
  filter?: string
  /** Lines of `whyrst watch --record` of the RSTs' sender (`explain --events`). */
  events?: string
}

/** What cannot be read. What came before it was given. */
export class ReadError extends Error {
  readonly file: string
  /** The last frame that was read; `null` where it could not be opened. */
  readonly frame: number | null
  readonly reason: string
  /** What else cannot be read. */
  readonly others: ReadError[]
}

/** The reports of a capture, once, as they are read. */
export interface Explained extends Iterable<Report> {
  /** The lines of `whyrst explain --format json`, to the last byte. They and the reports are one iteration. */
  lines(): Iterable<string>
  /** What several of the resets so far have in common. */
  incidents(): IncidentReport[]
  /** What was read so far, in numbers; `null` where nothing could be read. */
  summary(): SummaryReport | null
  /** What has to be said of the reading so far: what was cut, passed over, forgotten. */
  notes(): string[]
}

/** Explains a capture: bytes, a source, or in a worker of a browser a `Blob`. */
export function explain(input: Uint8Array | ArrayBuffer | Blob | Source, options?: Options): Explained

/** In Node.js: explains the file at a path, read as a stream. */
export function explainFile(path: string | URL, options?: Options): Explained

/** The catalogue by the ids of its causes. */
export function causes(language?: 'en' | 'zh'): Record<string, CauseReport>

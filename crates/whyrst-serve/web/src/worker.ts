// What runs beside the page in one file, with a WebAssembly of its own: the one that answers the page, or one that reads
// a capture. The worst capture costs the worker that reads it, and its memory goes with it.

import { initSync, Page, packets, Reading, type Source } from 'whyrst-wasm'

/** What a worker is told. */
export type Order =
  | { to: 'answer'; module: WebAssembly.Module; language: string; lab: string }
  | { to: 'ask'; id: number; call: Call; values: unknown[] }
  | { to: 'keep'; source: number; lines: MessagePort }
  | { to: 'read'; module: WebAssembly.Module; file: File; options: string; lines: MessagePort }
  | { to: 'find'; module: WebAssembly.Module; file: File; connection: string; most: number; options: string }

/** What it says. */
export type Said =
  | { said: 'answer'; id: number; answer: unknown }
  | { said: 'refusal'; id: number; why: string }
  | { said: 'progress'; octets: number }
  | { said: 'end'; unread: string[]; kind: 'capture' | 'lines'; memory: number; strange: number }
  | { said: 'packets'; line: string }
  | { said: 'failure'; why: string }

/** What can be asked of it. */
export type Call = Exclude<keyof Page, 'free'>

// The library of the document has no types for what only a worker has.
declare class FileReaderSync {
  readAsArrayBuffer(blob: Blob): ArrayBuffer
}
const say = (said: Said, moved: Transferable[] = []) => self.postMessage(said, { transfer: moved })

/** Read at once; the program takes smaller pieces of it. */
const PIECE = 4 << 20
/** Frames after which lines are handed over, also where there are few. */
const FRAMES = 20_000

/** A file from its beginning to its end, a piece at a time. */
class FileSource implements Source {
  at = 0
  #piece = new Uint8Array()
  #used = 0
  readonly #file: File

  constructor(file: File) {
    this.#file = file
  }

  read(most: number): Uint8Array {
    if (this.#used === this.#piece.length) {
      const part = this.#file.slice(this.at, this.at + PIECE)
      this.#piece = new Uint8Array(new FileReaderSync().readAsArrayBuffer(part))
      this.#used = 0
      this.at += this.#piece.length
    }
    const given = this.#piece.subarray(this.#used, this.#used + most)
    this.#used += given.length
    return given
  }
}

/** Lines that the page keeps: in blobs, which the browser puts on disk when they are many. */
class WhyrstSpool {
  readonly #blobs: { from: number; blob: Blob }[] = []
  #tail = new Uint8Array(PIECE)
  #from = 0
  #used = 0

  append(octets: Uint8Array): void {
    if (this.#used + octets.length > this.#tail.length) this.#flush()
    // One line that is longer than the room for many.
    if (octets.length > this.#tail.length) this.#tail = new Uint8Array(octets.length)
    this.#tail.set(octets, this.#used)
    this.#used += octets.length
  }

  read(at: number, length: number): Uint8Array {
    if (at >= this.#from) return this.#tail.slice(at - this.#from, at - this.#from + length)
    const { from, blob } = this.#blobs.findLast((one) => one.from <= at) ?? { from: 0, blob: new Blob() }
    return new Uint8Array(new FileReaderSync().readAsArrayBuffer(blob.slice(at - from, at - from + length)))
  }

  #flush(): void {
    this.#blobs.push({ from: this.#from, blob: new Blob([this.#tail.slice(0, this.#used)]) })
    this.#from += this.#used
    this.#used = 0
    this.#tail = new Uint8Array(PIECE)
  }
}
Object.assign(globalThis, { WhyrstSpool })

let page: Page | null = null

self.onmessage = ({ data }: MessageEvent<Order>) => {
  switch (data.to) {
    case 'answer': initSync({ module: data.module }); page = new Page(data.language, data.lab); break
    case 'ask': answer(data.id, data.call, data.values); break
    case 'keep': keep(data.source, data.lines); break
    case 'read': read(data).catch(fail); break
    case 'find': find(data); break
  }
}

function fail(error: unknown): void {
  say({ said: 'failure', why: words(error) })
}

function words(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function answer(id: number, call: Call, values: unknown[]): void {
  try {
    const ask = page?.[call] as (...values: unknown[]) => unknown
    say({ said: 'answer', id, answer: ask.apply(page, values) })
  } catch (error) {
    say({ said: 'refusal', id, why: words(error) })
  }
}

/** What keeping some lines came to: how many of them are nothing that is kept, or why they cannot be. */
type Taken = { strange: number } | { why: string }

/** Keeps what a reader sends: the page itself need not wait for it, nor it for the page. */
function keep(source: number, lines: MessagePort): void {
  lines.onmessage = ({ data }: MessageEvent<Uint8Array>) => {
    let taken: Taken
    try {
      taken = { strange: page?.take(source, data) ?? 0 }
    } catch (error) {
      taken = { why: words(error) }
    }
    lines.postMessage(taken)
  }
}

/** Lines on their way to whoever keeps them: no more than two lots, so that they do not pile up. */
class Lines {
  strange = 0
  readonly #port: MessagePort
  #under = 0
  #why: string | null = null
  #went = () => {}

  constructor(port: MessagePort) {
    this.#port = port
    port.onmessage = ({ data }: MessageEvent<Taken>) => {
      this.#under -= 1
      if ('why' in data) this.#why = data.why
      else this.strange += data.strange
      this.#went()
    }
  }

  async give(lines: Uint8Array): Promise<void> {
    if (lines.length === 0) return
    this.#port.postMessage(lines, [lines.buffer as ArrayBuffer])
    this.#under += 1
    await this.#until(1)
  }

  /** All that was given is kept. */
  kept(): Promise<void> {
    return this.#until(0)
  }

  async #until(under: number): Promise<void> {
    while (this.#under > under) await new Promise<void>((resolve) => { this.#went = resolve })
    if (this.#why !== null) throw new Error(this.#why)
  }
}

/** Progress is told no more often, in milliseconds. */
const TOLD_EVERY = 250

async function read({ module, file, options, lines: port }: Extract<Order, { to: 'read' }>): Promise<void> {
  const { memory } = initSync({ module })
  const lines = new Lines(port)
  let told = 0
  const give = async (some: Uint8Array, octets: number) => {
    await lines.give(some)
    if (performance.now() - told < TOLD_EVERY) return
    told = performance.now()
    say({ said: 'progress', octets })
  }
  const end = async (kind: 'capture' | 'lines', unread: string[]) => {
    await lines.kept()
    say({ said: 'end', unread, kind, memory: memory.buffer.byteLength, strange: lines.strange })
  }
  if (await isLines(file)) {
    await readLines(file, give)
    return end('lines', [])
  }
  const source = new FileSource(file)
  const reading = new Reading(source, options)
  while (!reading.ended) await give(reading.read(FRAMES), source.at)
  await give(reading.incidents(), source.at)
  await give(reading.summary(), source.at)
  await end('capture', (JSON.parse(reading.unread()) as { message: string }[]).map(({ message }) => message))
}

/** Lines that `explain --format json` or `watch --json` printed: no capture begins with a brace and a schema. */
async function isLines(file: File): Promise<boolean> {
  const begins = await file.slice(0, 1_000).text()
  return /^\{"schema":"whyrst\.(?:reset|failed-connect|incident|summary|watch)\/1"/u.test(begins)
}

/** A line that is longer is passed over with what follows it. */
const LONGEST = 4 << 20

async function readLines(file: File, give: (lines: Uint8Array, octets: number) => Promise<void>): Promise<void> {
  let rest = new Uint8Array()
  for (let at = 0; at < file.size; at += PIECE) {
    const piece = new Uint8Array(await file.slice(at, at + PIECE).arrayBuffer())
    const all = new Uint8Array(rest.length + piece.length)
    all.set(rest)
    all.set(piece, rest.length)
    const end = at + PIECE >= file.size ? all.length : all.lastIndexOf(0x0a) + 1
    rest = all.slice(end)
    if (rest.length > LONGEST) throw new Error(`cannot read ${file.name}: a line has more than ${LONGEST} bytes`)
    await give(all.slice(0, end), Math.min(at + PIECE, file.size))
  }
}

function find({ module, file, connection, most, options }: Extract<Order, { to: 'find' }>): void {
  try {
    initSync({ module })
    say({ said: 'packets', line: packets(new FileSource(file), new FileSource(file), connection, most, options) })
  } catch (error) {
    fail(error)
  }
}

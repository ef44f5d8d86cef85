// What index.d.ts says, over the functions that wasm-bindgen makes.

import { fileSource, wasm } from '#load'
import { causes as causesIn, initSync, Reading } from './whyrst.js'

initSync({ module: await wasm() })

/** Frames that are read before lines are handed over, also where there are few. */
const FRAMES = 20_000
/** Read of a blob at once. */
const PIECE = 4 << 20
const MEMORY = 256 << 20

export class ReadError extends Error {
  constructor({ file, frame, reason, message }) {
    super(message)
    this.name = 'ReadError'
    this.file = file
    this.frame = frame
    this.reason = reason
  }
}

function ofBytes(bytes) {
  let at = 0
  return {
    read: (most) => {
      const part = bytes.subarray(at, at + most)
      at += part.length
      return part
    },
  }
}

function ofBlob(blob) {
  if (typeof FileReaderSync === 'undefined') {
    throw new TypeError('a Blob is read in a worker: here give its bytes, new Uint8Array(await blob.arrayBuffer())')
  }
  let [at, piece] = [0, new Uint8Array()]
  return {
    read: (most) => {
      if (piece.length === 0) {
        piece = new Uint8Array(new FileReaderSync().readAsArrayBuffer(blob.slice(at, at + PIECE)))
        at += piece.length
      }
      const part = piece.subarray(0, most)
      piece = piece.subarray(part.length)
      return part
    },
  }
}

function sourceOf(input) {
  if (input instanceof Uint8Array) return ofBytes(input)
  if (input instanceof ArrayBuffer) return ofBytes(new Uint8Array(input))
  if (typeof Blob !== 'undefined' && input instanceof Blob) return ofBlob(input)
  if (typeof input?.read === 'function') return input
  throw new TypeError('expected a Uint8Array, an ArrayBuffer, a Blob in a worker, or an object with read(most)')
}

function nameOf(input) {
  if (typeof input?.name === 'string') return input.name
  return typeof input?.read === 'function' ? 'reader' : 'bytes'
}

class Explained {
  #reading
  #lines
  #close

  constructor(input, options, rest = () => {}) {
    const source = sourceOf(input)
    this.#close = () => source.close?.()
    try {
      this.#reading = new Reading(source, JSON.stringify({ name: nameOf(input), memory: MEMORY, ...options }))
    } catch (error) {
      this.#close()
      throw error
    }
    this.#lines = this.#read()
    rest()
  }

  * #read() {
    const [reading, decoder] = [this.#reading, new TextDecoder()]
    try {
      while (!reading.ended) {
        const lines = decoder.decode(reading.read(FRAMES))
        for (let from = 0, to; (to = lines.indexOf('\n', from)) >= 0; from = to + 1) yield lines.slice(from, to)
      }
    } finally {
      this.#close()
    }
    const [first, ...others] = JSON.parse(reading.unread()).map((unread) => new ReadError(unread))
    if (first) {
      first.others = others
      throw first
    }
  }

  lines() {
    return this.#lines
  }

  * [Symbol.iterator]() {
    for (const line of this.#lines) yield JSON.parse(line)
  }

  incidents() {
    const lines = new TextDecoder().decode(this.#reading.incidents()).split('\n')
    return lines.filter((line) => line !== '').map((line) => JSON.parse(line))
  }

  summary() {
    const line = new TextDecoder().decode(this.#reading.summary())
    return line === '' ? null : JSON.parse(line)
  }

  notes() {
    return JSON.parse(this.#reading.notes())
  }
}

export function explain(input, options = {}) {
  return new Explained(input, options)
}

export function explainFile(path, options = {}) {
  const source = fileSource(path)
  return new Explained(source, { name: String(path), ...options }, source.rest)
}

export function causes(language = 'en') {
  const lines = causesIn(language).split('\n').filter((line) => line !== '')
  return Object.fromEntries(lines.map((line) => JSON.parse(line)).map((cause) => [cause.id, cause]))
}

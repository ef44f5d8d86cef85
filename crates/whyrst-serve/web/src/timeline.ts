// Packets of a connection laid out over time: how slanted each is by what is known of the way, which of them are one
// burst, and where nothing happened for so long that the axis is broken. Nothing of it draws.

import type { End, Rung, SegmentRung } from './records'

/** What a packet is, for how it looks and what it folds with. */
export type Kind = 'syn' | 'data' | 'ack' | 'again' | 'zero' | 'fin' | 'rst'

/** Packets of one end that are drawn as one. */
export interface Burst {
  from: End
  kind: Kind
  segments: SegmentRung[]
  marked: boolean
  bytes: number
}

/** Packets that are not here. */
export interface Hole {
  hidden: number
  /** The packet before it, and the one after it. */
  after: number
  before: number
}

/** Nanoseconds that a packet takes from the capture point to each end, at most; `null` where no answer shows it. */
export type Ways = Record<End, number | null>

export const isSegment = (rung: Rung): rung is SegmentRung => 'frame' in rung

const other = (end: End): End => (end === 'client' ? 'server' : 'client')
const has = (segment: SegmentRung, flag: string) => segment.flags.includes(flag)

export function kindOf(segment: SegmentRung): Kind {
  if (has(segment, 'R')) return 'rst'
  if (has(segment, 'S')) return 'syn'
  if (has(segment, 'F')) return 'fin'
  if (segment.win === 0) return 'zero'
  if (segment.len > 0) return (segment.notes ?? []).length > 0 ? 'again' : 'data'
  return 'ack'
}

/** The sequence number after it. */
export const endOf = (segment: SegmentRung) =>
  segment.seq_rel + segment.len + (has(segment, 'S') ? 1 : 0) + (has(segment, 'F') ? 1 : 0)

/**
 * Half of the fastest answer of each end: a packet takes no longer, unless the way there and back differ. What was sent
 * twice says nothing, since nobody knows which of the two was answered (Karn).
 */
export function ways(rungs: Rung[]): Ways {
  const fastest: Ways = { client: null, server: null }
  const waiting: Record<End, SegmentRung[]> = { client: [], server: [] }
  const reached: Record<End, number> = { client: -1, server: -1 }
  for (const rung of rungs) {
    if (!isSegment(rung)) {
      waiting.client = []
      waiting.server = []
      continue
    }
    const { from } = rung
    if (rung.ack_rel !== undefined && !has(rung, 'R')) {
      const answered = waiting[other(from)].filter((sent) => endOf(sent) <= (rung.ack_rel ?? 0))
      for (const sent of answered) {
        const way = (rung.ns - sent.ns) / 2
        if (way >= 0 && (fastest[from] === null || way < fastest[from])) fastest[from] = way
      }
      if (answered.length > 0) waiting[other(from)] = waiting[other(from)].filter((sent) => !answered.includes(sent))
    }
    if (endOf(rung) > rung.seq_rel) {
      if (endOf(rung) > reached[from]) waiting[from].push(rung)
      else waiting[from] = waiting[from].filter((sent) => endOf(sent) > endOf(rung))
      reached[from] = Math.max(reached[from], endOf(rung))
      if (waiting[from].length > 64) waiting[from].shift()
    }
  }
  return fastest
}

/** When it was at an end: when that end sent it, or got it. */
export function atEnd(segment: SegmentRung, end: End, { client, server }: Ways): number {
  const way = (end === 'client' ? client : server) ?? 0
  return segment.from === end ? segment.ns - way : segment.ns + way
}

/** Packets of one end and kind that follow each other `within` nanoseconds, as long as nothing decisive lies between. */
export function folded(rungs: Rung[], within: number, open: ReadonlySet<number>): (Burst | Hole)[] {
  const all: (Burst | Hole)[] = []
  let latest = new Map<string, Burst>()
  let last = 0
  const next = (at: number) => rungs.slice(at + 1).find(isSegment)?.ns ?? last
  rungs.forEach((rung, at) => {
    if (!isSegment(rung)) {
      latest = new Map()
      all.push({ hidden: rung.gap, after: last, before: next(at) })
      return
    }
    last = rung.ns
    const kind = kindOf(rung)
    const marked = rung.marked === true
    const folds = !marked && kind !== 'syn' && kind !== 'fin' && kind !== 'rst'
    if (!folds) latest = new Map()
    const key = `${rung.from} ${kind}`
    const burst = folds ? latest.get(key) : undefined
    const before = burst?.segments.at(-1)
    if (burst && before && rung.ns - before.ns <= within && !open.has(burst.segments[0]?.frame ?? -1)) {
      burst.segments.push(rung)
      burst.bytes += rung.len
      return
    }
    const fresh: Burst = { from: rung.from, kind, segments: [rung], marked, bytes: rung.len }
    all.push(fresh)
    if (folds) latest.set(key, fresh)
  })
  return all
}

export const isBurst = (one: Burst | Hole): one is Burst => 'segments' in one

/** A stretch of the axis: to scale, or broken. */
export interface Stretch {
  from: number
  to: number
  top: number
  bottom: number
  /** Packets that are not shown lie in it. */
  hidden: number
  broken: boolean
}

export interface Axis {
  stretches: Stretch[]
  height: number
  /** Pixels of a moment. */
  at(ns: number): number
}

/** Pixels of a break. */
const BREAK = 40

/**
 * The axis: everywhere so many pixels for a nanosecond, but where nothing is on its way for longer than `cap` pixels
 * would show, and where packets are missing.
 */
export function axis(busy: [number, number][], holes: Hole[], scale: number, cap: number): Axis {
  const spans = [...busy].sort(([one], [two]) => one - two)
  const stretches: Stretch[] = []
  let top = 0
  const push = (from: number, to: number, hidden: number, broken: boolean) => {
    const bottom = top + (broken ? BREAK : (to - from) * scale)
    stretches.push({ from, to, top, bottom, hidden, broken })
    top = bottom
  }
  let [start, end] = spans[0] ?? [0, 0]
  for (const [from, to] of spans.slice(1)) {
    if (from > end) {
      const between = holes.filter((hole) => hole.after <= end && hole.before >= from)
      const hidden = between.reduce((sum, one) => sum + one.hidden, 0)
      if (hidden > 0 || (from - end) * scale > cap) {
        push(start, end, 0, false)
        push(end, from, hidden, true)
        start = from
      }
    }
    end = Math.max(end, to)
  }
  push(start, end, 0, false)
  const at = (ns: number) => {
    const stretch = stretches.find(({ to }) => ns <= to) ?? stretches.at(-1)
    if (!stretch) return 0
    const long = stretch.to - stretch.from
    const share = long === 0 ? 0 : (Math.max(ns, stretch.from) - stretch.from) / long
    return stretch.top + Math.min(share, 1) * (stretch.bottom - stretch.top)
  }
  return { stretches, height: top, at }
}

/** Moves what lies too near to what stands above it down; in the order of `wanted`. */
export function apart(wanted: number[], distance: number): number[] {
  let last = -Infinity
  const order = wanted.map((y, at) => [y, at] as const).sort(([one], [two]) => one - two)
  const placed = new Array<number>(wanted.length).fill(0)
  for (const [y, at] of order) {
    last = Math.max(y, last + distance)
    placed[at] = last
  }
  return placed
}

/** A text to be placed: its middle, its width, and where it would like to stand. */
export interface Wanted {
  x: number
  y: number
  wide: number
}

/** Moves texts down until none touches another; those that want to stand higher come first. */
export function untouched(wanted: Wanted[], distance: number): number[] {
  const placed: Wanted[] = []
  const ys = new Array<number>(wanted.length).fill(0)
  const order = wanted.map((one, at) => ({ one, at })).sort((one, two) => one.one.y - two.one.y)
  for (const { one, at } of order) {
    let y = one.y
    const touches = (other: Wanted) =>
      Math.abs(other.y - y) < distance && Math.abs(other.x - one.x) < (other.wide + one.wide) / 2 + 8
    for (let below = placed.find(touches); below; below = placed.find(touches)) y = below.y + distance
    placed.push({ ...one, y })
    ys[at] = y
  }
  return ys
}

// A connection to scale: time goes down, packets slant as far as what is known of the way allows, bursts are one band,
// and silence is silence. What the hosts themselves tell (calls, states, the kernel's reason) stands beside their
// lines.

import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import { hostEvents, type HostEvent } from './hosts'
import { called, pick } from './language'
import type { End, Report, Rung, SegmentRung } from './records'
import { apart, atEnd, axis, endOf, folded, isBurst, isSegment, untouched, ways } from './timeline'
import type { Burst, Hole, Stretch, Ways } from './timeline'
import { count, elapsed, plural } from './words'

const ENDS: End[] = ['client', 'server']
const HEAD = 34
const FOOT = 12
/** Pixels between labels. */
const LINE = 15
/** Pixels that a packet is on its way, when that is known; the first of these with which the whole is not too high. */
const SLANTS = [64, 48, 34, 24, 14]
const HIGH = 620
/** Pixels of all that sockets tell. */
const FROM_SOCKETS = 240
/** Bands that are told apart at once, and the times within which packets are one band, in pixels. */
const BANDS = 48
const FOLDS = [9, 22, 50, 120, 300, 900, Infinity]

interface Props {
  reset: Report
  rungs: Rung[]
  chosen: number
  choose(frame: number): void
}

export function Diagram({ reset, rungs, chosen, choose }: Props) {
  const place = useRef<HTMLDivElement>(null)
  const [width, setWidth] = useState(620)
  const [zoom, setZoom] = useState(0)
  const [open, setOpen] = useState<ReadonlySet<number>>(() => new Set())
  useEffect(() => {
    const element = place.current
    if (!element) return undefined
    const watch = new ResizeObserver(() => setWidth(Math.max(element.clientWidth, 280)))
    watch.observe(element)
    return () => watch.disconnect()
  }, [])
  const events = useMemo(() => hostEvents(reset), [reset])
  const drawn = useMemo(() => draw(reset, rungs, events, width, zoom, open), [reset, rungs, events, width, zoom, open])
  const { bands, plot } = drawn
  const at = Math.max(bands.findIndex(({ burst }) => burst.segments.some(({ frame }) => frame === chosen)), 0)
  const toggle = (burst: Burst) => {
    const first = burst.segments[0]?.frame ?? -1
    const next = new Set(open)
    if (!next.delete(first)) burst.segments.forEach(({ frame }) => next.add(frame))
    setOpen(next)
  }
  const go = (to: number) => {
    const band = bands[Math.min(Math.max(to, 0), bands.length - 1)]
    const first = band?.burst.segments[0]
    if (first) choose(first.frame)
  }
  const keys: Record<string, () => void> = {
    ArrowDown: () => go(at + 1), ArrowUp: () => go(at - 1), Home: () => go(0), End: () => go(bands.length - 1),
    Enter: () => bands[at] && toggle(bands[at].burst), '+': () => setZoom(zoom + 1), '=': () => setZoom(zoom + 1),
    '-': () => setZoom(zoom - 1), '0': () => setZoom(0),
  }
  const press = (event: KeyboardEvent) => {
    const action = event.ctrlKey || event.metaKey || event.altKey ? undefined : keys[event.key]
    if (!action) return
    event.preventDefault()
    event.stopPropagation()
    action()
  }
  return (
    <div class="diagram" ref={place}>
      <div class="zoom" role="group" aria-label={pick('scale', '比例')}>
        <button type="button" onClick={() => setZoom(zoom - 1)} aria-label={pick('smaller (-)', '缩小（-）')}>{'\u2212'}</button>
        <button type="button" onClick={() => setZoom(0)} disabled={zoom === 0}>{pick('fit', '适合')}</button>
        <button type="button" onClick={() => setZoom(zoom + 1)} aria-label={pick('larger (+)', '放大（+）')}>+</button>
      </div>
      <svg width={width} height={plot.height + HEAD + FOOT} role="listbox" tabindex={0}
        aria-label={pick('packets over time, to scale', '按时间比例绘制的报文')}
        aria-activedescendant={bands.length > 0 ? `band-${at}` : undefined} onKeyDown={press}>
        <Ends reset={reset} drawn={drawn} />
        <g transform={`translate(0 ${HEAD})`}>
          {plot.stretches.filter(({ broken }) => broken).map((one) => <Break key={one.from} one={one} drawn={drawn} />)}
          <Windows drawn={drawn} />
          {drawn.times.map(({ y, text, to }) => (
            <g key={text + y} class="tick"><path d={`M${drawn.left - 4} ${to}h4`} />
              <text x={drawn.ticks} y={y + 4} text-anchor="end">{text}</text></g>
          ))}
          {bands.map((band, index) => (
            <Band key={band.burst.segments[0]?.frame} index={index} band={band} drawn={drawn} chosen={index === at}
              choose={() => go(index)} toggle={() => toggle(band.burst)} />
          ))}
          {bands.map((band, index) => (
            <Label key={band.burst.segments[0]?.frame} band={band} chosen={index === at} choose={() => go(index)} />
          ))}
          {drawn.told.map(({ event, y, to }) => (
            <Told key={event.end + event.text} event={event} y={y} to={to} drawn={drawn} />
          ))}
        </g>
      </svg>
      <p class="note">{known(drawn.ways, reset)}{bands.some(({ away: share }) => share < 1) && pick(
        ' The RST was made on the way, at most as far out as the dot: it came back sooner than from the other end.',
        ' RST 在途中生成，最远在圆点处：它回来得比从另一端更早。')}</p>
    </div>
  )
}

/** One band as it is drawn. */
interface Drawn {
  burst: Burst
  /** How much of the way from its receiver's end a RST was made away, at most: 1 where its sender made it. */
  away: number
  /** At the client and at the server: of the first packet, and of the last. */
  first: [number, number]
  last: [number, number]
  label: { x: number; y: number; to: number }
}

type Picture = ReturnType<typeof draw>

function draw(
  reset: Report, rungs: Rung[], events: HostEvent[], width: number, zoom: number, open: ReadonlySet<number>,
) {
  const narrow = width < 520
  // What the hosts tell stands beside their lines, where there is room for it.
  const lane = (end: End, least: number) => {
    const longest = Math.max(...events.filter((event) => event.end === end).map(({ text }) => text.length), 0)
    return Math.min(Math.max(longest * 6.8 + 34, least), width * 0.28)
  }
  const left = (narrow ? 58 : 76) + (narrow ? 18 : lane('client', 18))
  const right = width - (narrow ? 30 : lane('server', 80))
  const known = ways(rungs)
  const flight = (known.client ?? 0) + (known.server ?? 0)
  const segments = rungs.filter(isSegment)
  const spans = segments.map((one): [number, number] => {
    const times = ENDS.map((end) => atEnd(one, end, known))
    return [Math.min(...times), Math.max(...times)]
  })
  const rst = segments.find((one) => one.marked === true && one.flags.includes('R'))
  const moment = ({ ns, end, withRst }: HostEvent) => (withRst && rst ? atEnd(rst, end, known) : ns)
  const moments = events.map((event): [number, number] => [moment(event), moment(event)])
  const parts = folded(rungs, Infinity, new Set()).filter((one): one is Hole => !isBurst(one))
  // Between what sockets tell nobody knows what was sent: no silence is drawn there.
  const cap = fromSockets(reset) ? Infinity : 150
  const all = [...spans, ...moments]
  const plain = cap === Infinity ? [FROM_SOCKETS / Math.max(span(all), 1)] : scales(flight, segments)
  const zoomed = 1.6 ** zoom
  const lay = (scale: number) => axis(all, parts, scale, cap * zoomed)
  const high = (scale: number) => axis(all, parts, scale, cap).height
  const least = plain.at(-1) ?? 1e-6
  // What is long is drawn small: larger and with less in a band is a key away.
  const fits = plain.find((one) => high(one) <= HIGH) ?? least * Math.min(1, (2 * HIGH) / high(least))
  const scale = fits * zoomed
  const plot = lay(scale)
  const within = (pixels: number) => folded(rungs, pixels / scale, open).filter(isBurst)
  const pixels = FOLDS.find((some) => within(some).length <= BANDS + open.size) ?? Infinity
  const bursts = within(pixels)
  const when = (one: SegmentRung, end: End) => plot.at(atEnd(one, end, known))
  const both = (one: SegmentRung): [number, number] => [when(one, 'client'), when(one, 'server')]
  const across = (from: End) => (narrow ? 0.5 : from === 'client' ? 0.34 : 0.66)
  const raw = bursts.map((burst) => {
    const [first, last] = [both(burst.segments[0]!), both(burst.segments.at(-1)!)]
    const share = across(burst.from)
    const on = ([client, server]: [number, number]) => client + (server - client) * share
    return { burst, first, last, x: left + (right - left) * share, to: (on(first) + on(last)) / 2 }
  })
  // Labels of the two directions stand in columns of their own where there is room, and none touches another.
  const ys = untouched(raw.map(({ burst, x, to }) => ({ x, y: to + 4, wide: textWidth(words(burst)) })), LINE)
  const bands = raw.map(({ burst, first, last, x, to }, at): Drawn =>
    ({ burst, first, last, away: away(reset, burst, segments, known), label: { x, y: ys[at] ?? to, to } }))
  const told = ENDS.flatMap((end) => {
    const own = events.filter((event) => event.end === end)
    // Between the lines they stand below the packet of that moment.
    const ys = apart(own.map((event) => plot.at(moment(event)) + (narrow ? LINE : 0)), LINE)
    return own.map((event, at) => ({ event, y: ys[at] ?? 0, to: plot.at(moment(event)) }))
  })
  const lowest = Math.max(plot.height, ...bands.map(({ label }) => label.y + 4), ...told.map(({ y }) => y + 4))
  return {
    bands, told, ways: known, left, right, width, narrow, segments, ticks: narrow ? left - 20 : 66,
    plot: { ...plot, height: lowest }, times: times(bands, plot.at), at: (ns: number) => plot.at(ns),
  }
}

/**
 * How far from its receiver a RST of the path was made, at most, as a share of the way: its maker must have seen the
 * packets that its numbers come from, and it came back from where those had come to by then.
 */
function away(reset: Report, { kind, segments: [rst] }: Burst, all: SegmentRung[], known: Ways): number {
  const flight = (known.client ?? 0) + (known.server ?? 0)
  if (kind !== 'rst' || reset.origin !== 'path' || !rst || flight <= 0) return 1
  const receiver: End = rst.from === 'client' ? 'server' : 'client'
  const heard = all.filter((one) => one.from === receiver && one.ns <= rst.ns)
  const seen = [
    rst.ack_rel === undefined ? undefined : heard.find((one) => endOf(one) >= (rst.ack_rel ?? 0)),
    heard.find((one) => (one.ack_rel ?? -1) >= rst.seq_rel),
  ].filter((one) => one !== undefined)
  if (seen.length === 0) return 1
  const between = atEnd(rst, receiver, known) - Math.max(...seen.map((one) => atEnd(one, receiver, known)))
  return Math.min(Math.max(between / (2 * flight), 0.04), 1)
}

/** From the first moment to the last. */
function span(all: [number, number][]): number {
  return Math.max(...all.map(([, to]) => to)) - Math.min(...all.map(([from]) => from))
}

/** Pixels for a nanosecond, from the most to the least: by the time on the way, or by how packets follow each other. */
function scales(flight: number, segments: SegmentRung[]): number[] {
  const pauses = segments.slice(1).map((one, at) => one.ns - (segments[at]?.ns ?? 0)).filter((pause) => pause > 0)
  pauses.sort((one, two) => one - two)
  const middle = pauses[Math.trunc(pauses.length / 2)] ?? 1_000_000
  // Packets of one host take no time that could be shown.
  const unit = flight > 20_000 ? flight : Math.max(middle * 2, 1_000)
  return SLANTS.map((pixels) => pixels / unit)
}

/** Times on the axis: where bursts begin, as many as have room. */
function times(bands: Drawn[], at: (ns: number) => number) {
  const all: { y: number; text: string; to: number }[] = []
  const most = Math.max(...bands.map(({ burst }) => burst.segments[0]?.ns ?? 0), 0)
  const wanted = [...bands].sort((one, two) => Number(two.burst.marked) - Number(one.burst.marked))
  const taken: number[] = []
  for (const { burst } of wanted) {
    const ns = burst.segments[0]?.ns ?? 0
    const y = at(ns)
    if (taken.every((other) => Math.abs(other - y) >= 14)) {
      taken.push(y)
      all.push({ y, text: elapsed(ns, most), to: y })
    }
  }
  return all.sort((one, two) => one.y - two.y)
}

function Ends({ reset, drawn: { left, right, plot, width, narrow } }: { reset: Report; drawn: Picture }) {
  const name = (end: End) => (reset.roles === 'seen' ? `${called('side', end)} ${reset[end].ip}` : reset[end].ip)
  const bottom = HEAD + plot.height + 6
  return (
    <>
      <text class="end" x={narrow ? 4 : left} y={narrow ? 11 : 16} text-anchor={narrow ? 'start' : 'middle'}>
        {name('client')}
      </text>
      <text class="end" x={narrow ? width - 4 : right} y={narrow ? 26 : 16} text-anchor={narrow ? 'end' : 'middle'}>
        {name('server')}
      </text>
      <path class="life" d={`M${left} ${HEAD - 6}V${bottom}M${right} ${HEAD - 6}V${bottom}`} />
    </>
  )
}

/** Nothing happened, or nothing is shown: the lines of the ends are broken, so that nobody measures there. */
function Break({ one, drawn: { left, right } }: { one: Stretch; drawn: Picture }) {
  const middle = (one.top + one.bottom) / 2
  const zigzag = (x: number) => `M${x} ${middle - 9}l5 3l-10 6l10 6l-5 3`
  const more = pick(plural(one.hidden, 'more packet'), `另有 ${count(one.hidden)} 个报文`)
  const text = one.hidden > 0 ? more : silence(one.to - one.from)
  return (
    <g class={one.hidden > 0 ? 'break hidden-packets' : 'break'} role="presentation">
      <rect x={left - 6} y={middle - 9} width={right - left + 12} height={18} />
      <path d={zigzag(left) + zigzag(right)} />
      <text x={(left + right) / 2} y={middle + 4} text-anchor="middle">{text}</text>
    </g>
  )
}

function silence(ns: number): string {
  const seconds = ns / 1e9
  if (seconds < 1) return pick(`${(ns / 1e6).toFixed(1)} ms without a packet`, `${(ns / 1e6).toFixed(1)} 毫秒没有报文`)
  const long = seconds < 600 ? `${seconds.toFixed(1)} s` : `${(seconds / 60).toFixed(1)} min`
  return pick(`${long} of silence`, `${long} 没有任何报文`)
}

/** How much each end offered to take, as the width of a strip at its line; red where that was nothing. */
function Windows({ drawn }: { drawn: Picture }) {
  const { segments, left, right, narrow, ways: known, plot } = drawn
  const room = narrow ? 12 : 16
  return (
    <g class="windows" role="presentation">
      {ENDS.map((end) => {
        const own = segments.filter((one) => one.from === end && one.offers != null)
        const most = Math.max(...own.map(({ offers }) => offers ?? 0), 1)
        const x = (offers: number) => edge + (end === 'client' ? -1 : 1) * (offers / most) * room
        const edge = end === 'client' ? left : right
        const steps = own.map((one, at) => {
          const next = own[at + 1]
          const from = (packet: SegmentRung) => plot.at(atEnd(packet, end, known))
          return { offers: one.offers ?? 0, from: from(one), to: next ? from(next) : plot.height }
        })
        const shape = steps.map(({ offers, from, to }) => `V${from}H${x(offers)}V${to}`).join('')
        const first = steps[0]
        return (
          <g key={end}>
            {first && <path class="offered" d={`M${edge} ${first.from}${shape}H${edge}z`} />}
            {steps.filter(({ offers }) => offers === 0).map(({ from, to }) => (
              <path key={from} class="closed" d={`M${edge} ${from}V${Math.max(to, from + 2)}`} />
            ))}
          </g>
        )
      })}
    </g>
  )
}

interface BandProps {
  band: Drawn
  index: number
  drawn: Picture
  chosen: boolean
  choose(): void
  toggle(): void
}

function Band({ band, index, drawn: { left, right }, chosen, choose, toggle }: BandProps) {
  const { burst, first, last, away: share } = band
  const fromClient = burst.from === 'client'
  const state = `${burst.marked ? ' marked' : ''}${chosen ? ' chosen' : ''}`
  const [x, tip] = fromClient ? [right, -1] : [left, 1]
  const at = fromClient ? last[1] : last[0]
  // The tip points where the packet goes.
  const rise = fromClient ? (last[1] - last[0]) / (right - left) : (last[0] - last[1]) / (right - left)
  const several = burst.segments.length > 1
  const begin = fromClient ? [right - share * (right - left), last[1] - share * (last[1] - last[0])]
    : [left + share * (right - left), last[0] + share * (last[1] - last[0])]
  const whole = `M${left} ${first[0]}L${right} ${first[1]}`
  return (
    <g id={`band-${index}`} class={`rung band-of ${burst.kind}${state}`} role="option" aria-selected={chosen}
      aria-label={spoken(burst)} onMouseEnter={choose} onClick={several ? toggle : choose}>
      {several && <path class="burst" d={`M${left} ${first[0]}L${right} ${first[1]}V${last[1]}L${left} ${last[0]}z`} />}
      <path class="hit" d={`M${left} ${(first[0] + last[0]) / 2}L${right} ${(first[1] + last[1]) / 2}`} />
      {share < 1 && <path class="claimed" d={whole} />}
      <path class="arrow" d={share < 1 ? `M${begin.join(' ')}L${x} ${at}` : whole} />
      {share < 1 && <circle class="made" cx={begin[0]} cy={begin[1]} r={4} />}
      {several && <path class="arrow" d={`M${left} ${last[0]}L${right} ${last[1]}`} />}
      <path class="tip" d={`M${x} ${at}l${tip * 9} ${-rise * 9 - 4}v8z`} />
    </g>
  )
}

/** Above all lines, so that none crosses it. */
function Label({ band: { burst, label }, chosen, choose }: { band: Drawn; chosen: boolean; choose(): void }) {
  const state = `${burst.marked ? ' marked' : ''}${chosen ? ' chosen' : ''}`
  const wide = textWidth(words(burst))
  return (
    <g class={`label ${burst.kind}${state}`} role="presentation" onMouseEnter={choose} onClick={choose}>
      {label.y - label.to > LINE && <path class="leader" d={`M${label.x} ${label.to}V${label.y - 11}`} />}
      <rect x={label.x - wide / 2 - 3} y={label.y - 11} width={wide + 6} height={14} />
      <text class="what" x={label.x} y={label.y} text-anchor="middle">{words(burst)}</text>
    </g>
  )
}

/** Pixels of a text, about: what is Chinese is as wide as high. */
const textWidth = (text: string) => [...text].reduce((sum, one) => sum + (one.charCodeAt(0) > 0x2e7f ? 12 : 6.95), 0)

/** What stands on a band. */
function words({ segments, kind, bytes }: Burst): string {
  const [first, last] = [segments[0], segments.at(-1)]
  if (!first || !last) return ''
  if (segments.length === 1) return first.text
  const frames = pick(plural(segments.length, 'frame'), `${count(segments.length)} 帧`)
  if (bytes > 0) return pick(`${count(bytes)} bytes (${frames})`, `${count(bytes)} 字节（${frames}）`)
  const range = first.ack_rel === last.ack_rel ? `${last.ack_rel}` : `${first.ack_rel}\u2009\u2026\u2009${last.ack_rel}`
  const zero = kind === 'zero' ? ' win 0' : ''
  return pick(`ack ${range}${zero} (${frames})`, `ack ${range}${zero}（${frames}）`)
}

/** The same for who hears it. */
function spoken(burst: Burst): string {
  const [first] = burst.segments
  const from = called('side', burst.from)
  const time = elapsed(first?.ns ?? 0)
  const frame = first?.frame ?? 0
  const decisive = burst.marked ? pick(', decisive', '，关键') : ''
  return pick(`${time}, from the ${from}: ${words(burst)}, frame ${frame}${decisive}`,
    `${time}，来自${from}：${words(burst)}，帧 ${frame}${decisive}`)
}

interface ToldProps {
  event: HostEvent
  y: number
  to: number
  drawn: Picture
}

function Told({ event, y, to, drawn: { left, right, narrow } }: ToldProps) {
  const client = event.end === 'client'
  const x = client ? left : right
  // Beside the lines where there is room, else between them.
  const outside = narrow ? !client : client
  const away = narrow ? 6 : 26
  return (
    <g class={`told-by ${event.kind}`}>
      <circle cx={x} cy={to} r={3} />
      <text x={outside ? x - away : x + away} y={y + 4} text-anchor={outside ? 'end' : 'start'}>{event.text}</text>
    </g>
  )
}

/** Whether a kernel told of sockets, and nobody captured a packet. */
const fromSockets = (reset: Report) => (reset.resets[0]?.frame ?? null) === null

/** What the slant rests on. */
function known({ client, server }: Ways, reset: Report): string {
  if (fromSockets(reset)) return pick(
    'To scale, from the sockets alone: other packets than the RST were not seen.', '按比例绘制，仅来自套接字：除 RST 外没有见到其他报文。')
  const told = (ns: number) => (ns < 1e6 ? `${(ns / 1e3).toFixed(0)} \u00b5s` : `${(ns / 1e6).toFixed(1)} ms`)
  const part = (way: number | null, end: End) => {
    const name = called('side', end)
    return way === null
      ? pick(`not known to the ${name} (drawn level)`, `到${name}未知（画成水平）`)
      : pick(`at most ${told(way)} to the ${name}`, `到${name}最多 ${told(way)}`)
  }
  const strips = pick('Strips at the lines: the window that each end offers.', '线旁的色带：各端给出的接收窗口。')
  const [one, two] = [part(client, 'client'), part(server, 'server')]
  return pick(
    `To scale. On the way from where it was captured: ${one}, ${two} (half of the fastest answer). ${strips}`,
    `按比例绘制。从抓包点起的路程：${one}，${two}（最快应答的一半）。${strips}`,
  )
}

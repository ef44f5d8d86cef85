// The last packets of a connection between its two ends. Each can be pointed at or reached with the
// arrow keys; all its fields then stand below.

import { useEffect, useRef, useState } from 'preact/hooks'
import { called, pick } from './language'
import type { Report, Rung, SegmentRung } from './records'
import { count, fields, plural, seconds } from './words'

const ROW = 34
const HEAD = 30
/** Fields whose values are long. */
const WIDE = [
  pick('file', '文件'), pick('time', '时间'), pick('options', '选项'), pick('noticed', '备注'), pick('decisive', '关键'),
]

interface Props {
  reset: Report
  rungs: Rung[]
  /** The frame that is looked at. */
  chosen: number
  choose(frame: number): void
}

export function Ladder({ reset, rungs, chosen: frame, choose }: Props) {
  const place = useRef<HTMLDivElement>(null)
  const [width, setWidth] = useState(560)
  useEffect(() => {
    const element = place.current
    if (!element) return undefined
    const watch = new ResizeObserver(() => setWidth(Math.max(element.clientWidth, 280)))
    watch.observe(element)
    return () => watch.disconnect()
  }, [])
  const chosen = Math.max(rungs.findIndex((rung) => 'frame' in rung && rung.frame === frame), 0)
  const setChosen = (at: number) => {
    const rung = rungs[at]
    if (rung && 'frame' in rung) choose(rung.frame)
  }

  const narrow = width < 470
  // The numbers of a large capture have seven digits and more.
  const digits = Math.max(...rungs.map((rung) => ('frame' in rung ? String(rung.frame).length : 0)), 6)
  const column = 14 + digits * 7.4
  const left = narrow ? column + 18 : column + 100
  const right = width - (narrow ? 12 : 26)
  const height = HEAD + rungs.length * ROW + 6
  const move = (event: KeyboardEvent) => {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0
    if (step === 0) return
    event.preventDefault()
    event.stopPropagation()
    let at = chosen + step
    while (rungs[at] && !('frame' in rungs[at]!)) at += step
    if (rungs[at]) setChosen(at)
  }
  return (
    <div ref={place}>
      <svg width={width} height={height} role="listbox" tabindex={0} aria-label={pick('packets of the connection', '连接的报文')}
        aria-activedescendant={`rung-${chosen}`} onKeyDown={move}>
        <text class="end" x={left} y={14} text-anchor={narrow ? 'start' : 'middle'}>{name(reset, 'client')}</text>
        <text class="end" x={right} y={14} text-anchor="end">{name(reset, 'server')}</text>
        <path class="life" d={`M${left} ${HEAD - 8}V${height}M${right} ${HEAD - 8}V${height}`} />
        {rungs.map((rung, at) =>
          'frame' in rung
            ? <Step key={at} at={at} rung={rung} chosen={at === chosen} choose={setChosen}
                column={column} left={left} right={right} width={width} narrow={narrow} />
            : <Gap key={at} at={at} segments={rung.gap} left={left} right={right} />)}
      </svg>
    </div>
  )
}

interface StepProps {
  at: number
  rung: SegmentRung
  chosen: boolean
  choose(at: number): void
  column: number
  left: number
  right: number
  width: number
  narrow: boolean
}

function Step({ at, rung, chosen, choose, column, left, right, width, narrow }: StepProps) {
  const top = HEAD + at * ROW
  const [from, to] = rung.from === 'client' ? [left, right] : [right, left]
  const ahead = rung.from === 'client' ? -1 : 1
  const line = top + 24
  const kind = rung.flags.includes('R') ? 'rst' : rung.flags.includes('S') || rung.flags.includes('F') ? 'ctl' : ''
  const state = `${rung.marked ? ' marked' : ''}${chosen ? ' chosen' : ''}`
  return (
    <g id={`rung-${at}`} class={`rung ${kind}${state}`} role="option" aria-selected={chosen}
      onMouseEnter={() => choose(at)} onClick={() => choose(at)}>
      <desc>{description(rung)}</desc>
      <rect class="band" x={0} y={top} width={width} height={ROW} />
      {rung.marked && <path class="mark" d={`M2 ${top + 11}l7 5l-7 5z`} />}
      <text class="frame" x={column + 6} y={top + (narrow ? 14 : 21)} text-anchor="end">{rung.frame}</text>
      <text class="time" x={narrow ? column + 6 : column + 86} y={top + (narrow ? 28 : 21)} text-anchor="end">{seconds(rung.ns)}</text>
      <text class="what" x={(left + right) / 2} y={top + 16} text-anchor="middle">{rung.text}</text>
      <path class="arrow" d={`M${from} ${line}H${to + ahead * 7}`} />
      <path class="tip" d={`M${to} ${line}l${ahead * 9} -4.5v9z`} />
    </g>
  )
}

function Gap({ at, segments, left, right }: { at: number; segments: number; left: number; right: number }) {
  return (
    <text class="gap" x={(left + right) / 2} y={HEAD + at * ROW + 21} text-anchor="middle" role="presentation">
      {'\u22ee'} {pick(plural(segments, 'more segment'), `另有 ${count(segments)} 个报文`)}
    </text>
  )
}

export function Fields({ segment, from }: { segment: SegmentRung; from: string }) {
  return (
    <dl class="fields" aria-live="polite">
      {fields(segment, from).map(([name, value]) => (
        <div key={name} class={WIDE.includes(name) ? 'wide' : ''}><dt>{name}</dt><dd>{value}</dd></div>
      ))}
    </dl>
  )
}

function name(reset: Report, side: 'client' | 'server'): string {
  return reset.roles === 'seen' ? `${called('side', side)} ${reset[side].ip}` : reset[side].ip
}

function description({ from, marked, len }: SegmentRung): string {
  return pick(
    `from the ${from}${len > 0 ? `, ${plural(len, 'byte')}` : ''}${marked ? ', decisive' : ''}`,
    `来自${called('side', from)}${len > 0 ? `，${count(len)} 字节` : ''}${marked ? '，关键' : ''}`,
  )
}

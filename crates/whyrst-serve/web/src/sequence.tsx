// Sequence numbers over time, as tcptrace draws them: what one end sent, how far the other acknowledged it, and how far
// it offered to take more. A stalled reader, a lost segment and a closed window are seen at once.

import { useEffect, useRef, useState } from 'preact/hooks'
import { called, pick } from './language'
import type { End, Rung, SegmentRung } from './records'
import { isSegment, kindOf } from './timeline'
import { count, elapsed, octets } from './words'

const HEIGHT = 320
const PAD = { left: 66, right: 14, top: 10, bottom: 26 }

export function Sequence({ rungs, sender }: { rungs: Rung[]; sender: End }) {
  const place = useRef<HTMLDivElement>(null)
  const [width, setWidth] = useState(620)
  const all = rungs.filter(isSegment)
  const sent = (end: End) => all.filter((one) => one.from === end).reduce((sum, { len }) => sum + len, 0)
  const [end, setEnd] = useState<End>(() => (sent('client') >= sent('server') ? 'client' : 'server'))
  useEffect(() => {
    const element = place.current
    if (!element) return undefined
    const watch = new ResizeObserver(() => setWidth(Math.max(element.clientWidth, 280)))
    watch.observe(element)
    return () => watch.disconnect()
  }, [])
  const peer: End = end === 'client' ? 'server' : 'client'
  const own = all.filter((one) => one.from === end)
  const acks = all.filter((one) => one.from === peer && one.ack_rel !== undefined && !one.flags.includes('R'))
  const edges = acks.filter(({ offers }) => offers != null)
  const [first, last] = [all[0]?.ns ?? 0, Math.max(...all.map(({ ns }) => ns), (all[0]?.ns ?? 0) + 1)]
  const tops = [...own.map((one) => one.seq_rel + one.len), ...acks.map(({ ack_rel }) => ack_rel ?? 0)]
  const data = Math.max(...tops, 1)
  // A window of megabytes above some kilobytes of data would leave nothing to be seen.
  const edge = Math.max(...edges.map((one) => (one.ack_rel ?? 0) + (one.offers ?? 0)), 0)
  const most = Math.max(data, Math.min(edge, data * 1.6)) * 1.05
  const x = (ns: number) => PAD.left + ((ns - first) / (last - first)) * (width - PAD.left - PAD.right)
  const y = (number: number) => HEIGHT - PAD.bottom - (Math.min(number, most) / most) * (HEIGHT - PAD.top - PAD.bottom)
  const line = (points: SegmentRung[], of: (one: SegmentRung) => number) => {
    const steps = points.map((one, at) => (at === 0 ? `M${x(one.ns)} ${y(of(one))}` : `H${x(one.ns)}V${y(of(one))}`))
    return points.length === 0 ? '' : `${steps.join('')}H${x(last)}`
  }
  const tick = (one: SegmentRung) =>
    `M${x(one.ns)} ${y(one.seq_rel)}V${Math.min(y(one.seq_rel + one.len), y(one.seq_rel) - 2)}`
  const resets = all.filter((one) => kindOf(one) === 'rst')
  const again = own.filter((one) => kindOf(one) === 'again').length
  const name = called('side', end)
  const [packets, bytes, twice, rsts] = [own.length, data, again, resets.length].map(count)
  const summary = pick(
    `From the ${name}: ${packets} packets, ${bytes} bytes at most, ${twice} sent again; ${rsts} RST.`,
    `来自${name}：${packets} 个报文，最多 ${bytes} 字节，重传 ${twice} 个；RST ${rsts} 个。`,
  )
  return (
    <div class="sequence" ref={place}>
      <div class="zoom" role="group" aria-label={pick('whose numbers', '哪一端的序号')}>
        {(['client', 'server'] as End[]).map((one) => (
          <button key={one} type="button" aria-pressed={one === end} onClick={() => setEnd(one)}>
            {pick(`from the ${one}`, `来自${called('side', one)}`)}{one === sender ? ' (RST)' : ''}
          </button>
        ))}
      </div>
      <svg width={width} height={HEIGHT} role="img" aria-label={summary}>
        {[0, 0.25, 0.5, 0.75, 1].map((part) => (
          <g key={part} class="tick">
            <path d={`M${PAD.left} ${y(most * part)}H${width - PAD.right}`} />
            <text x={PAD.left - 6} y={y(most * part) + 4} text-anchor="end">{octets(Math.round(most * part))}</text>
          </g>
        ))}
        {[0, 0.5, 1].map((part) => (
          <text key={part} class="time" x={PAD.left + part * (width - PAD.left - PAD.right)} y={HEIGHT - 8}
            text-anchor={part === 0 ? 'start' : part === 1 ? 'end' : 'middle'}>
            {elapsed(first + (last - first) * part, last)}
          </text>
        ))}
        <path class="edge" d={line(edges, (one) => (one.ack_rel ?? 0) + (one.offers ?? 0))} />
        <path class="acked" d={line(acks, ({ ack_rel }) => ack_rel ?? 0)} />
        {own.filter(({ len }) => len > 0).map((one) => (
          <path key={one.frame} class={`sent ${kindOf(one)}`} d={tick(one)} />
        ))}
        {resets.map((one) => {
          const at = one.from === end ? one.seq_rel : one.ack_rel ?? 0
          return <path key={one.frame} class="reset" d={`M${x(one.ns) - 5} ${y(at) - 5}l10 10m0 -10l-10 10`} />
        })}
      </svg>
      <p class="note">
        <span class="key sent">{pick('sent', '发送')}</span>{' '}
        <span class="key again">{pick('sent again', '重传')}</span>{' '}
        <span class="key acked">{pick('acknowledged', '已确认')}</span>{' '}
        <span class="key edge">{pick('window: as far as it may send', '窗口右边沿')}</span>{' '}
        <span class="key reset">RST</span>
      </p>
    </div>
  )
}

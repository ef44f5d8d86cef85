// The packets of one connection: to scale, line by line, or as sequence numbers over time; and the whole of them when
// somebody asks for it, which the server reads the capture once more for.

import { useEffect, useMemo, useState } from 'preact/hooks'
import { Diagram } from './diagram'
import { origin } from './hosts'
import { Fields, Ladder } from './ladder'
import { pick } from './language'
import { nanos } from './nanos'
import type { Report, Rung, SegmentRung } from './records'
import { Sequence } from './sequence'
import { isSegment } from './timeline'
import type { Backend, Packets as Answer } from './types'
import { count, plural } from './words'

/** Packets that are asked for: first, and at the most. */
const SOME = 1_000
const MOST = 5_000

type View = 'scale' | 'lines' | 'sequence'

interface Props {
  backend: Backend
  id: string
  reset: Report
  /** A frame that some evidence names, to be shown. */
  frame: number | null
}

export function Packets({ backend, id, reset, frame }: Props) {
  const [view, setView] = useState<View>('scale')
  const [answer, setAnswer] = useState<Answer | null>(null)
  const [asking, setAsking] = useState(false)
  const [problem, setProblem] = useState<string | null>(null)
  const captured = reset.ladder ?? []
  const rungs = useMemo(() => answer?.ladder ?? (captured.length > 0 ? captured : told(reset)), [answer, reset])
  const [chosen, setChosen] = useState(() => decisive(rungs))
  useEffect(() => {
    if (frame !== null && rungs.some((rung) => isSegment(rung) && rung.frame === frame)) setChosen(frame)
  }, [frame, rungs])
  const ask = (most: number) => {
    setAsking(true)
    setProblem(null)
    backend.packets(id, most)
      .then(setAnswer, (error: Error) => setProblem(error.message))
      .finally(() => setAsking(false))
  }
  if (rungs.length === 0) return null
  const shown = rungs.find((rung): rung is SegmentRung => isSegment(rung) && rung.frame === chosen)
  const name = (one: View, text: string) => (
    <button type="button" aria-pressed={view === one} onClick={() => setView(one)}>{text}</button>
  )
  return (
    <section class="ladder" aria-label={pick('packets', '报文')}>
      <div class="packet-tools">
        <span class="views" role="group" aria-label={pick('how packets are shown', '报文的显示方式')}>
          {name('scale', pick('to scale', '按比例'))}
          {captured.length > 0 && name('lines', pick('line by line', '逐行'))}
          {captured.length > 0 && name('sequence', pick('sequence numbers', '序号'))}
        </span>
        {captured.length > 0 && <Whole rungs={rungs} answer={answer} asking={asking} ask={ask} />}
      </div>
      {problem !== null && <p class="problem" role="alert">{problem}</p>}
      {view === 'scale' && <Diagram reset={reset} rungs={rungs} chosen={chosen} choose={setChosen} />}
      {view === 'lines' && <Ladder reset={reset} rungs={rungs} chosen={chosen} choose={setChosen} />}
      {view === 'sequence' && <Sequence rungs={rungs} sender={reset.resets[0]?.from ?? 'server'} />}
      {shown && captured.length > 0 && view !== 'sequence' && (
        <Fields segment={shown} from={answer?.ladder_from ?? reset.ladder_from ?? reset.time} />
      )}
    </section>
  )
}

interface WholeProps {
  rungs: Rung[]
  answer: Answer | null
  asking: boolean
  ask(most: number): void
}

/** How much of it is shown, and the way to the rest. */
function Whole({ rungs, answer, asking, ask }: WholeProps) {
  const shown = rungs.filter(isSegment).length
  const total = answer?.total ?? shown + rungs.reduce((sum, rung) => sum + (isSegment(rung) ? 0 : rung.gap), 0)
  if (asking) return <span class="note" role="status">{pick('reading the capture again', '正在再次读取抓包')}</span>
  const rest = answer !== null && shown < total && shown >= MOST ? pick(', the limit', '，已到上限') : ''
  const next = answer === null ? SOME : MOST
  return (
    <span class="whole">
      <span class="note">
        {shown >= total
          ? pick(`all ${plural(total, 'packet')}`, `全部 ${count(total)} 个报文`)
          : pick(`${count(shown)} of ${plural(total, 'packet')}${rest}`, `${count(shown)} / ${count(total)} 个报文${rest}`)}
      </span>
      {shown < total && shown < MOST && (
        <button type="button" class="more" onClick={() => ask(next)}>
          {total <= next
            ? pick('show the whole connection', '显示整个连接')
            : pick(`show up to ${count(next)}`, `最多显示 ${count(next)} 个`)}
        </button>
      )}
    </span>
  )
}

/** The RST, or whatever else the verdict rests on. */
function decisive(rungs: Rung[]): number {
  const marked = rungs.filter(isSegment).filter((rung) => rung.marked === true)
  return (marked.find(({ flags }) => flags.includes('R')) ?? marked[0] ?? rungs.find(isSegment))?.frame ?? -1
}

/** The resets that a kernel told of, where nothing was captured: all that is known of the packets. */
function told(reset: Report): Rung[] {
  const from = nanos(origin(reset))
  return reset.resets.slice(0, 6).map((rst, at): SegmentRung => {
    const flags = rst.flags ?? 'R'
    const ack = rst.ack_rel === null ? '' : ` ack ${rst.ack_rel}`
    return {
      frame: rst.frame ?? at + 1, ns: Number(nanos(rst.time) - from), from: rst.from,
      text: `${flags.includes('A') ? 'RST-ACK' : 'RST'} seq ${rst.seq_rel}${ack}`, flags, seq: rst.seq, seq_rel: rst.seq_rel,
      len: 0, win: rst.window ?? 0, ttl: rst.ttl ?? 0, marked: true,
    }
  })
}

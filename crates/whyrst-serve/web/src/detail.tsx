// One reset, in the order of the text report: what is certain, why, what is open and what decides it, what to do, the
// packets, what speaks for it and against it, what could not be seen, what distinguishes the alternatives, what was lost.

import { Fragment, type ComponentChildren } from 'preact'
import { useEffect, useErrorBoundary, useState } from 'preact/hooks'
import { Ladder } from './ladder'
import { called, pick } from './language'
import { Text } from './text'
import type { Confidence, EvidenceReport, Report } from './records'
import type { Backend } from './types'
import { clock, count, day, milliseconds, plural, tcpdump, wireshark } from './words'

/** Alternatives that are named at once. */
const NAMED = 3

interface Props {
  backend: Backend
  id: string
  generation: number
  close(): void
  openCause(id: string): void
}

export function Detail({ backend, id, close, openCause }: Props) {
  // The one before stays until the next is here, under its own id.
  const [shown, setShown] = useState<{ id: string; reset: Report } | null>(null)
  const [problem, setProblem] = useState<string | null>(null)
  useEffect(() => {
    let wanted = true
    setProblem(null)
    backend.reset(id).then(
      (reset) => wanted && setShown({ id, reset }),
      (error: Error) => {
        if (!wanted) return
        setShown(null)
        setProblem(error.message)
      },
    )
    return () => {
      wanted = false
    }
  }, [backend, id])
  return (
    <article class="detail" aria-label={pick('the reset', '这个重置')} aria-busy={shown?.id !== id && problem === null}>
      <button type="button" class="close" onClick={close} aria-label={pick('close (escape)', '关闭（Esc）')}>{'\u00d7'}</button>
      {problem !== null && <p class="problem">{problem}</p>}
      {shown !== null && <Shown key={shown.id} reset={shown.reset} openCause={openCause} />}
    </article>
  )
}

/** A recording may have anything in it: what cannot be shown must not take the page with it. */
function Shown(props: { reset: Report; openCause(id: string): void }) {
  const [broken] = useErrorBoundary()
  if (broken) {
    return (
      <p class="problem">
        {pick(`this line of ${props.reset.source} cannot be shown: `, `${props.reset.source} 的这一行无法显示：`)}{String(broken)}
      </p>
    )
  }
  return <Whole {...props} />
}

function Whole({ reset, openCause }: { reset: Report; openCause(id: string): void }) {
  const [frame, setFrame] = useState<number | null>(null)
  const { evidence } = reset
  const ends = (side: 'client' | 'server') => {
    const { ip, port } = reset[side]
    return ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`
  }
  const first = reset.resets[0]
  const speaksFor = evidence.filter(({ role, answer }) => role !== 'refutes' && answer === 'yes')
  const against = evidence.filter(({ role, answer }) => (role === 'refutes' ? answer === 'yes' : answer === 'no'))
  const known = steps(reset)
  const open = reset.alternatives.map(({ cause }) => cause).filter((cause) => known.every(({ id }) => id !== cause))
  const told = (reset.told ?? []).map((text) => <li key={text}><Text>{text}</Text></li>)
  const items = (all: EvidenceReport[]) => all.map((one) => <Said key={one.question + one.text} one={one} show={setFrame} />)
  return (
    <>
      <header>
        <h2 class="ends">{ends('client')}<i> {'>'} </i>{ends('server')}</h2>
        <p class="when">
          <time dateTime={reset.time}>{day(reset.time)} {clock(reset.time)} UTC</time>
          {first?.frame != null && pick(`, frame ${first.frame}`, `，帧 ${first.frame}`)} <span class="source">{reset.source}</span>
          {reset.count > 1 && pick(`, stands for ${plural(reset.count, 'reset')} like it`, `，代表同样的 ${count(reset.count)} 次重置`)}
        </p>
      </header>
      <ol class="steps" aria-label={pick('what is known, the surest first', '已知的情况，最确定的在前')}>
        {known.map(({ confidence, text, id, leads }) => (
          <li key={text} class={leads ? 'verdict' : undefined}>
            <span class={`confidence ${confidence}`}>{called('confidence', confidence)}</span>
            <span><Text>{text}</Text>{id !== null && <>{' '}<Page id={id} open={openCause} /></>}</span>
          </li>
        ))}
      </ol>
      <p class="which">
        <span><span class={`severity ${reset.severity}`}>{called('severity', reset.severity)}</span>
          {reset.severity_reason && <span class="note">{pick(': ', '：')}<Text>{reset.severity_reason}</Text></span>}</span>
      </p>
      <Section kind="open" title={pick('open', '待定')}>
        {open.length > 0 && <Open ids={open} openCause={openCause} />}
      </Section>
      <Section kind="decide" title={pick('decide', '判别')}>
        {(reset.decide ?? []).map(({ on, command }) => (
          <li key={command}><span class="note">{pick(`on ${reset[on].ip}: `, `在 ${reset[on].ip}：`)}</span><Copied text={command} /></li>
        ))}
      </Section>
      <Section kind="do" title={pick('fix', '处理')} ordered>{reset.advice.map((step) => <li key={step}><Text>{step}</Text></li>)}</Section>

      {reset.ladder ? <Ladder reset={reset} frame={frame} /> : <States reset={reset} />}

      <Section kind="for" title={pick('why', '依据')}>{told}{items(speaksFor)}</Section>
      <Section kind="against" title={pick('but', '反证')}>{items(against)}</Section>
      <Section kind="unseen" title={pick('unseen', '未见')}>{unseen(reset).map((text) => <li key={text}><Text>{text}</Text></li>)}</Section>
      <Section kind="points" title={pick('points', '抓包点')}>{(reset.points ?? []).map((text) => <li key={text}><Text>{text}</Text></li>)}</Section>
      <Section kind="instead" title={pick('instead', '也可能')}>
        {reset.alternatives.map(({ cause, told_apart_by }) => (
          <li key={cause}><Page id={cause} open={openCause} /> <Text>{told_apart_by}</Text></li>
        ))}
      </Section>
      <Section kind="harm" title={pick('lost', '损失')}>{(reset.harm ?? []).map((text) => <li key={text}><Text>{text}</Text></li>)}</Section>
      <Facts reset={reset} />
      <Filters reset={reset} />
    </>
  )
}

/** One step of the verdict. */
interface Step {
  confidence: Confidence
  text: string
  /** Its page in the catalogue. */
  id: string | null
  /** Whether it is the leading answer. */
  leads: boolean
}

/** The steps in the order of the text report: the shape, the reason where it leads, how it was made, a weaker reason. */
function steps(reset: Report): Step[] {
  const { verdict, family, mechanism } = reset
  const all: Step[] = []
  if (family && mechanism?.confidence !== 'certain') {
    const origin = originOf(reset)
    const text = origin === null ? family.text : family.text + pick('; ', '；') + origin
    all.push({ confidence: family.confidence, text, id: null, leads: false })
  }
  const one = ({ cause, confidence, title }: Report['verdict']) =>
    ({ confidence, text: title, id: cause === 'unexplained' ? null : cause, leads: cause === verdict.cause })
  const [first] = reset.reasons ?? []
  // Older versions knew one answer and no steps.
  const how = mechanism ?? (family ? { ...verdict, cause: 'unexplained', confidence: 'unexplained' as const } : verdict)
  const both = first ? (first.cause === verdict.cause ? [first, how] : [how, first]) : [how]
  return [...all, ...both.map(one)]
}

/** Who made the RST, to be read after its shape. */
function originOf({ origin, origin_confidence, family }: Report): string | null {
  const certain = origin_confidence === 'certain'
  const by = called('side', family?.by ?? '')
  switch (origin) {
    case 'endpoint': return certain ? pick(`by the ${by} itself`, `由${by}自己发出`) : pick(`likely by the ${by} itself`, `很可能由${by}自己发出`)
    case 'path': return certain ? pick('by a device between the two', '由两端之间的设备发出') : pick('likely by a device on the path', '很可能由路径上的设备发出')
    default: return null
  }
}

/** What else it could be beside the steps, by name; what distinguishes it stands below. */
function Open({ ids, openCause }: { ids: string[]; openCause(id: string): void }) {
  const [all, setAll] = useState(false)
  const shown = all ? ids : ids.slice(0, NAMED)
  const more = ids.length - shown.length
  return (
    <li>
      {shown.map((id, at) => <Fragment key={id}>{at > 0 && pick(', ', '、')}<Page id={id} open={openCause} /></Fragment>)}
      {more > 0 && <>{pick(' ', '，')}<button type="button" class="more" onClick={() => setAll(true)}>{pick(`and ${more} more`, `另有 ${more} 个`)}</button></>}
    </li>
  )
}

/** A cause by its name, which opens its page. */
export function Page({ id, open }: { id: string; open(id: string): void }) {
  if (id === 'unexplained') return <span class="id">{id}</span>
  return <a class="id" href={`#cause=${id}`} onClick={(event) => {
    event.preventDefault()
    open(id)
  }}>{id}</a>
}

function Said({ one, show }: { one: EvidenceReport; show(frame: number): void }) {
  return (
    <li>
      <Text>{one.text}</Text>
      {one.frames.map((frame) => (
        <button type="button" class="frame" key={frame} title={pick(`show frame ${frame}`, `显示帧 ${frame}`)} onClick={() => show(frame)}>
          {frame}
        </button>
      ))}
    </li>
  )
}

function unseen({ unseen: told, evidence }: Report): string[] {
  if (told) return told
  return evidence.filter(({ role, answer }) => role !== 'refutes' && answer === 'unknown').map(({ text }) => text)
}

interface SectionProps {
  kind: string
  title: string
  ordered?: boolean
  children: ComponentChildren
}

function Section({ kind, title, ordered, children }: SectionProps) {
  const items = [children].flat(2).filter(Boolean)
  if (items.length === 0) return null
  return (
    <section class={`told ${kind}`}>
      <h3>{title}</h3>
      {ordered ? <ol>{items}</ol> : <ul>{items}</ul>}
    </section>
  )
}

/** A socket's life, where there are no packets. */
function States({ reset: { socket } }: { reset: Report }) {
  if (!socket || socket.states.length === 0) return null
  return (
    <ol class="states" aria-label={pick('the states of the socket', '套接字经过的状态')}>
      {socket.states.map(({ time, state }) => <li key={time + state}><time>{clock(time)}</time> {state}</li>)}
    </ol>
  )
}

function Facts({ reset }: { reset: Report }) {
  const { stats, effect, process, kernel } = reset
  const unknown = pick('not known', '不得而知')
  const octets = (number: number | null) => (number === null ? unknown : `${count(number)} B`)
  const both = (client: number | null, server: number | null) =>
    pick(`client ${octets(client)}, server ${octets(server)}`, `客户端 ${octets(client)}，服务端 ${octets(server)}`)
  const certainty = called('certainty', effect.certainty)
  const inBrackets = (text: string) => pick(` (${text})`, `（${text}）`)
  const facts: [string, string | null][] = [
    [pick('phase', '阶段'), called('phase', reset.phase)],
    [pick('made by', '由谁发出'), called('origin', reset.origin) + (reset.origin === 'endpoint' ? pick(': ', '：') + called('kind', reset.kind) : '') +
      (reset.origin_confidence ? inBrackets(called('confidence', reset.origin_confidence)) : '')],
    [pick('accepted', '被接受'), effect.accepted === null ? unknown : effect.accepted ? pick('yes', '是') : pick('no', '否')],
    [pick('lost', '丢失'), both(effect.lost_client_bytes, effect.lost_server_bytes) + inBrackets(certainty)],
    [pick('asked for', '请求的域名'), reset.asked_for ? reset.asked_for.name + inBrackets(called('stood_in', reset.asked_for.stood_in)) : null],
    [pick('lasted', '持续'), milliseconds(stats.duration_ms)],
    [pick('silent before', '此前静默'), stats.idle_before_rst_ms === null ? null : milliseconds(stats.idle_before_rst_ms)],
    [pick('sent', '发送'), both(stats.client_bytes, stats.server_bytes)],
    [pick('segments', '报文'), pick(`${count(stats.frames)}, ${count(stats.retransmits)} of them retransmitted`,
      `${count(stats.frames)} 个，其中重传 ${count(stats.retransmits)} 个`)],
    ['RST', count(reset.resets_total)],
    [pick('history', '历史'), `${reset.history} ${reset.conn_state}`],
    [pick('process', '进程'), process ? `${process.comm} ${process.pid}` : null],
    [pick('command', '命令'), process?.cmdline ?? null],
    [pick('unit', '单元'), process?.unit ?? process?.cgroup ?? null],
    [pick('kernel', '内核'), kernel ? said(kernel) : null],
    [pick('via', '调用路径'), kernel && kernel.stack.length > 0 ? kernel.stack.slice(0, 6).join(' < ') : null],
  ]
  return (
    <dl class="facts">
      {facts.filter(([, value]) => value !== null).map(([name, value]) => (
        <div key={name}><dt>{name}</dt><dd>{value}</dd></div>
      ))}
    </dl>
  )
}

/** The kernel's reason and the socket's state, or that it made no such RST. */
function said({ reason, state }: NonNullable<Report['kernel']>): string {
  const why = reason ?? pick('sent no such RST', '没有发过这个 RST')
  return state ? pick(`${why} in ${state}`, `${why}，状态 ${state}`) : why
}

function Filters({ reset }: { reset: Report }) {
  return (
    <dl class="facts filters">
      <div><dt>Wireshark</dt><dd><Copied text={wireshark(reset)} /></dd></div>
      <div><dt>tcpdump</dt><dd><Copied text={tcpdump(reset)} /></dd></div>
    </dl>
  )
}

function Copied({ text }: { text: string }) {
  const [done, setDone] = useState(false)
  const copy = () => navigator.clipboard?.writeText(text).then(() => setDone(true), () => setDone(false))
  return <><code>{text}</code> <button type="button" class="copy" onClick={copy}>{done ? pick('copied', '已复制') : pick('copy', '复制')}</button></>
}

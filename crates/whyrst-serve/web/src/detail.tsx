// One reset, in the order of the text report: what is certain, why, what is open and what decides it, what to do, the
// packets, what speaks for it and against it, what could not be seen, what distinguishes the alternatives, what was lost.

import { type ComponentChildren } from 'preact'
import { useEffect, useErrorBoundary, useState } from 'preact/hooks'
import { Beside } from './beside'
import { Page } from './causelink'
import { Copied } from './copy'
import { called, pick } from './language'
import { Decide, Open } from './open'
import { Packets } from './packets'
import { Text } from './text'
import { Ways } from './ways'
import type { Confidence, EvidenceReport, Report } from './records'
import type { Backend } from './types'
import { clock, count, day, milliseconds, plural, tcpdump, wireshark } from './words'

interface Props {
  backend: Backend
  id: string
  generation: number
  /** It has the whole page. */
  wide: boolean
  widen(): void
  close(): void
  openCause(id: string): void
}

export function Detail({ backend, id, wide, widen, close, openCause }: Props) {
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
      <button type="button" class="widen" onClick={widen} aria-pressed={wide} title={pick('this case on the whole page (f)', '整页显示（f）')}>
        {wide ? pick('beside the list', '与列表并排') : pick('whole page', '整页')}
      </button>
      <button type="button" class="close" onClick={close} aria-label={pick('close (escape)', '关闭（Esc）')}>{'\u00d7'}</button>
      {problem !== null && <p class="problem">{problem}</p>}
      {shown !== null && <Shown key={shown.id} backend={backend} id={shown.id} reset={shown.reset} openCause={openCause} />}
    </article>
  )
}

/** A recording may have anything in it: what cannot be shown must not take the page with it. */
function Shown(props: WholeProps) {
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

interface WholeProps {
  backend: Backend
  id: string
  reset: Report
  openCause(id: string): void
}

function Whole({ backend, id, reset, openCause }: WholeProps) {
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
  const said = (text: string) => (reset.words ?? []).some((one) => text.includes(`"${one.text}"`))
  const told = (reset.told ?? []).filter((text) => !said(text)).map((text) => <li key={text}><Text>{text}</Text></li>)
  const items = (all: EvidenceReport[]) => all.map((one) => <Said key={one.question + one.text} one={one} show={setFrame} />)
  return (
    <div class="case">
      <div class="case-answer">
      <header>
        <h2 class="ends">{ends('client')}<i> {'>'} </i>{ends('server')}</h2>
        <p class="when">
          <time dateTime={reset.time}>{day(reset.time)} {clock(reset.time)} UTC</time>
          {first?.frame != null && pick(`, frame ${first.frame}`, `，帧 ${first.frame}`)} <span class="source">{reset.source}</span>
          {reset.count > 1 && pick(`, stands for ${plural(reset.count, 'reset')} like it`, `，代表同样的 ${count(reset.count)} 次重置`)}
        </p>
        <Ways reset={reset} />
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
      </div>

      <div class="case-do">
      <Decide reset={reset} />
      <LastWords reset={reset} show={setFrame} />
      <Section kind="do" title={pick('fix', '处理')} ordered>{reset.advice.map((step) => <li key={step}><Text>{step}</Text></li>)}</Section>
      </div>

      <div class="case-packets"><Packets backend={backend} id={id} reset={reset} frame={frame} /></div>

      <div class="case-proof">
      <Section kind="for" title={pick('why', '依据')}>{told}{items(speaksFor)}</Section>
      <Section kind="against" title={pick('but', '反证')}>{items(against)}</Section>
      <Section kind="unseen" title={pick('unseen', '未见')}>{unseen(reset).map((text) => <li key={text}><Text>{text}</Text></li>)}</Section>
      <Section kind="points" title={pick('points', '抓包点')}>{(reset.points ?? []).map((text) => <li key={text}><Text>{text}</Text></li>)}</Section>
      <Section kind="harm" title={pick('lost', '损失')}>{(reset.harm ?? []).map((text) => <li key={text}><Text>{text}</Text></li>)}</Section>
      <Open reset={reset} openCause={openCause} />
      <Beside backend={backend} id={id} />
      <Facts reset={reset} />
      <Filters reset={reset} />
      </div>
    </div>
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

/** What each end said last, as it stands in its packets. */
function LastWords({ reset: { words }, show }: { reset: Report; show(frame: number): void }) {
  const last = (['client', 'server'] as const).flatMap((end) => (words ?? []).filter(({ from }) => from === end).slice(-1))
  if (last.length === 0) return null
  return (
    <Section kind="words" title={pick('last words', '最后的话')}>
      {last.map(({ from, frame, protocol, text, meaning, of }) => (
        <li key={from}>
          <span class="note">{called('side', from)}, {protocol}</span>{' '}
          <q>{text}</q>
          <button type="button" class="frame" title={pick(`show frame ${frame}`, `显示帧 ${frame}`)} onClick={() => show(frame)}>{frame}</button>
          {meaning !== null && <small>{meaning}</small>}
          {of !== null && of.content_length !== null && <small>{pick(
            `${count(of.seen)} of ${count(of.content_length)} bytes of the body were sent`,
            `正文 ${count(of.content_length)} 字节，已发送 ${count(of.seen)} 字节`)}</small>}
        </li>
      ))}
    </Section>
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

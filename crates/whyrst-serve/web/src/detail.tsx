// One reset, in the order of the text report: the sentence, the packets, what speaks for it and
// against it, what could not be seen, what else it could be, what it did, what to do.

import type { ComponentChildren } from 'preact'
import { useEffect, useErrorBoundary, useState } from 'preact/hooks'
import { Ladder } from './ladder'
import { Text } from './text'
import type { Backend, Evidence, Reset } from './types'
import { clock, count, day, milliseconds, plural, tcpdump, wireshark } from './words'

interface Props {
  backend: Backend
  id: string
  generation: number
  close(): void
  openCause(id: string): void
}

export function Detail({ backend, id, close, openCause }: Props) {
  const [reset, setReset] = useState<Reset | null>(null)
  const [problem, setProblem] = useState<string | null>(null)
  useEffect(() => {
    let wanted = true
    setProblem(null)
    backend.reset(id).then(
      (one) => wanted && setReset(one),
      (error: Error) => {
        if (!wanted) return
        setReset(null)
        setProblem(error.message)
      },
    )
    return () => {
      wanted = false
    }
  }, [backend, id])
  return (
    <article class="detail" aria-label="the reset" aria-busy={reset === null && problem === null}>
      <button type="button" class="close" onClick={close} aria-label="close (escape)">{'\u00d7'}</button>
      {problem !== null && <p class="problem">{problem}</p>}
      {reset !== null && <Shown key={id} reset={reset} openCause={openCause} />}
    </article>
  )
}

/** A recording may have anything in it: what cannot be shown must not take the page with it. */
function Shown(props: { reset: Reset; openCause(id: string): void }) {
  const [broken] = useErrorBoundary()
  if (broken) return <p class="problem">this line of {props.reset.source} cannot be shown: {String(broken)}</p>
  return <Whole {...props} />
}

function Whole({ reset, openCause }: { reset: Reset; openCause(id: string): void }) {
  const [frame, setFrame] = useState<number | null>(null)
  const { verdict, evidence } = reset
  const ends = (side: 'client' | 'server') => {
    const { ip, port } = reset[side]
    return ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`
  }
  const first = reset.resets[0]
  const speaksFor = evidence.filter(({ role, answer }) => role !== 'refutes' && answer === 'yes')
  const against = evidence.filter(({ role, answer }) => (role === 'refutes' ? answer === 'yes' : answer === 'no'))
  const told = (reset.told ?? []).map((text) => <li key={text}><Text>{text}</Text></li>)
  const items = (all: Evidence[]) => all.map((one) => <Said key={one.question + one.text} one={one} show={setFrame} />)
  return (
    <>
      <header>
        <h2 class="ends">{ends('client')}<i> {'>'} </i>{ends('server')}</h2>
        <p class="when">
          <time dateTime={reset.time}>{day(reset.time)} {clock(reset.time)} UTC</time>
          {first?.frame != null && <>, frame {first.frame}</>} <span class="source">{reset.source}</span>
          {reset.count > 1 && <>, stands for {plural(reset.count, 'reset')} like it</>}
        </p>
        <p class="headline">{reset.headline ?? `${reset.kind} ${reset.origin}`}</p>
      </header>
      <p class="verdict">
        {reset.sentence ?? `The connection was reset because ${verdict.title}`}.{' '}
        <span class={`confidence ${verdict.confidence}`}>{verdict.confidence}</span>
      </p>
      <p class="which">
        <Page id={verdict.cause} open={openCause} />
        <span><span class={`severity ${reset.severity}`}>{reset.severity}</span>
          {reset.severity_reason && <span class="note">: <Text>{reset.severity_reason}</Text></span>}</span>
      </p>

      {reset.ladder ? <Ladder reset={reset} frame={frame} /> : <States reset={reset} />}

      <Section title="for">{told}{items(speaksFor)}</Section>
      <Section title="against">{items(against)}</Section>
      <Section title="unseen">{unseen(reset).map((text) => <li key={text}><Text>{text}</Text></li>)}</Section>
      <Section title="points">{(reset.points ?? []).map((text) => <li key={text}><Text>{text}</Text></li>)}</Section>
      <Section title="instead">
        {reset.alternatives.map(({ cause, told_apart_by }) => (
          <li key={cause}><Page id={cause} open={openCause} /> <Text>{told_apart_by}</Text></li>
        ))}
      </Section>
      <Section title="harm">{(reset.harm ?? []).map((text) => <li key={text}><Text>{text}</Text></li>)}</Section>
      <Section title="do" ordered>{reset.advice.map((step) => <li key={step}><Text>{step}</Text></li>)}</Section>
      <Facts reset={reset} />
      <Filters reset={reset} />
    </>
  )
}

/** A cause by its name, which opens its page. */
export function Page({ id, open }: { id: string; open(id: string): void }) {
  if (id === 'unexplained') return <span class="id">unexplained</span>
  return <a class="id" href={`#cause=${id}`} onClick={(event) => {
    event.preventDefault()
    open(id)
  }}>{id}</a>
}

function Said({ one, show }: { one: Evidence; show(frame: number): void }) {
  return (
    <li>
      <Text>{one.text}</Text>
      {one.frames.map((frame) => (
        <button type="button" class="frame" key={frame} title={`show frame ${frame}`} onClick={() => show(frame)}>
          {frame}
        </button>
      ))}
    </li>
  )
}

function unseen({ unseen: told, evidence }: Reset): string[] {
  if (told) return told
  return evidence.filter(({ role, answer }) => role !== 'refutes' && answer === 'unknown').map(({ text }) => text)
}

interface SectionProps {
  title: string
  ordered?: boolean
  children: ComponentChildren
}

function Section({ title, ordered, children }: SectionProps) {
  const items = [children].flat(2).filter(Boolean)
  if (items.length === 0) return null
  return (
    <section class={`told ${title}`}>
      <h3>{title}</h3>
      {ordered ? <ol>{items}</ol> : <ul>{items}</ul>}
    </section>
  )
}

/** A socket's life, where there are no packets. */
function States({ reset: { socket } }: { reset: Reset }) {
  if (!socket || socket.states.length === 0) return null
  return (
    <ol class="states" aria-label="the socket's states">
      {socket.states.map(({ time, state }) => <li key={time + state}><time>{clock(time)}</time> {state}</li>)}
    </ol>
  )
}

function Facts({ reset }: { reset: Reset }) {
  const { stats, effect, process, kernel } = reset
  const lost = (octets: number | null) => (octets === null ? 'not known' : `${count(octets)} B`)
  const facts: [string, string | null][] = [
    ['phase', reset.phase],
    ['made by', reset.origin === 'endpoint' ? `an endpoint, ${reset.kind}` : reset.origin],
    ['accepted', effect.accepted === null ? 'not known' : effect.accepted ? 'yes' : 'no'],
    ['lost', `client ${lost(effect.lost_client_bytes)}, server ${lost(effect.lost_server_bytes)} (${effect.certainty})`],
    ['asked for', reset.asked_for ? `${reset.asked_for.name} (${reset.asked_for.stood_in})` : null],
    ['lasted', milliseconds(stats.duration_ms)],
    ['silent before', stats.idle_before_rst_ms === null ? null : milliseconds(stats.idle_before_rst_ms)],
    ['sent', `client ${count(stats.client_bytes)} B, server ${count(stats.server_bytes)} B`],
    ['segments', `${count(stats.frames)}, ${count(stats.retransmits)} of them again`],
    ['RSTs', count(reset.resets_total)],
    ['history', `${reset.history} ${reset.conn_state}`],
    ['process', process ? `${process.comm} ${process.pid}` : null],
    ['command', process?.cmdline ?? null],
    ['unit', process?.unit ?? process?.cgroup ?? null],
    ['kernel', kernel ? `${kernel.reason ?? 'sent no such RST'}${kernel.state ? ` in ${kernel.state}` : ''}` : null],
    ['via', kernel && kernel.stack.length > 0 ? kernel.stack.slice(0, 6).join(' < ') : null],
  ]
  return (
    <dl class="facts">
      {facts.filter(([, value]) => value !== null).map(([name, value]) => (
        <div key={name}><dt>{name}</dt><dd>{value}</dd></div>
      ))}
    </dl>
  )
}

function Filters({ reset }: { reset: Reset }) {
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
  return <><code>{text}</code> <button type="button" class="copy" onClick={copy}>{done ? 'copied' : 'copy'}</button></>
}

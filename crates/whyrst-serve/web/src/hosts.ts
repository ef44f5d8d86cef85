// What the hosts themselves tell of a connection: states, calls, the kernel's reason, what the program got. From the
// live host and from recordings of it; captures alone have none of it.

import { pick } from './language'
import { nanos } from './nanos'
import type { End, Report } from './records'
import { count } from './words'

export interface HostEvent {
  end: End
  /** Counted from the diagram's first moment. */
  ns: number
  text: string
  kind: 'state' | 'call' | 'kernel' | 'error' | 'queue'
  /** It goes with the RST: where that was captured, it happened when the RST was at that end. */
  withRst: boolean
}

const other = (end: End): End => (end === 'client' ? 'server' : 'client')

/** The moment that a diagram begins with: the first packet, or the first state of a socket. */
export function origin(reset: Report): string {
  if (reset.ladder_from) return reset.ladder_from
  const states = [reset.socket, reset.peer_socket].flatMap((socket) => socket?.states ?? []).map(({ time }) => time)
  return [...states, reset.time].sort((one, two) => (nanos(one) < nanos(two) ? -1 : 1))[0] ?? reset.time
}

export function hostEvents(reset: Report): HostEvent[] {
  const from = nanos(origin(reset))
  const since = (time: string) => Number(nanos(time) - from)
  const sender = reset.resets[0]?.from ?? reset.family?.by ?? 'server'
  const rst = since(reset.time)
  const events: HostEvent[] = []
  for (const socket of [reset.socket, reset.peer_socket]) {
    for (const { time, state } of socket?.states ?? []) {
      events.push({ end: socket?.end ?? sender, ns: since(time), text: state, kind: 'state', withRst: false })
    }
  }
  const atRst = (end: End, text: string, kind: HostEvent['kind']) =>
    events.push({ end, ns: rst, text, kind, withRst: true })
  const call = reset.process?.syscall ?? inStack(reset)
  if (call) atRst(sender, `${call}()`, 'call')
  if (reset.process?.exit_signal != null) {
    const { exit_signal: signal } = reset.process
    atRst(sender, pick(`ended by signal ${signal}`, `被信号 ${signal} 终止`), 'call')
  }
  if (reset.kernel) {
    atRst(sender, reset.kernel.reason ?? pick('sent no such RST', '没有发过这个 RST'), 'kernel')
  }
  const unread = reset.socket?.end === sender ? reset.socket.unread_bytes : null
  if (unread !== null && unread > 0) {
    atRst(sender, pick(`${count(unread)} B unread`, `${count(unread)} B 未读`), 'queue')
  } else if (reset.ladder && reset.mechanism?.cause.includes('unread') === true && reset.effect.accepted !== false) {
    const arrived = sender === 'server' ? reset.effect.lost_client_bytes : reset.effect.lost_server_bytes
    if (arrived !== null && arrived > 0) {
      atRst(sender, pick(`\u2264 ${count(arrived)} B unread`, `\u2264 ${count(arrived)} B 未读`), 'queue')
    }
  }
  for (const socket of [reset.socket, reset.peer_socket]) {
    if (socket?.errno) atRst(socket.end ?? other(sender), socket.errno, 'error')
  }
  return events
}

/** The system call that the kernel was in, by the functions that led to the RST. */
function inStack({ kernel }: Report): string | null {
  const entry = kernel?.stack.find((name) => /^__\w+_sys_/u.test(name))
  return entry?.replace(/^__[a-z0-9]+_sys_/u, '') ?? null
}

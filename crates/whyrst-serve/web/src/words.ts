// Numbers and times as people read them; never in the words of a report, which come as they are.

import { called, pick } from './language'
import { nanos } from './nanos'
import type { Report, SegmentRung } from './records'
import type { Row } from './types'

const GROUPED = new Intl.NumberFormat('en', { useGrouping: true })

/** `100 213`: groups apart by a thin blank, as in the text report. */
export function count(value: number): string {
  return GROUPED.format(value).replaceAll(',', '\u2009')
}

/** `1 reset`, `12 resets`, in English. */
export function plural(value: number, thing: string): string {
  return `${count(value)} ${thing}${value === 1 ? '' : 's'}`
}

export function octets(value: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  let size = value
  let unit = 0
  while (size >= 1024 && unit < units.length - 1) {
    size /= 1024
    unit += 1
  }
  return unit === 0 ? `${value} B` : `${size < 10 ? size.toFixed(1) : Math.round(size)} ${units[unit]}`
}

/** `2026-01-31`. */
export const day = (time: string) => time.slice(0, 10)
/** `12:00:00.123456`, UTC. */
export const clock = (time: string) => time.slice(11, 26)

export function milliseconds(value: number): string {
  if (value < 1) return `${(value * 1000).toFixed(0)} \u00b5s`
  if (value < 1000) return `${value.toFixed(1)} ms`
  if (value < 120_000) return `${(value / 1000).toFixed(2)} s`
  return `${(value / 60_000).toFixed(1)} min`
}

export function harmOf({ lost, accepted }: Pick<Row, 'lost' | 'accepted'>): string {
  if (accepted === false) return pick('ignored', '未被接受')
  if (lost === null) return ''
  return lost === 0 ? '' : `\u2264 ${octets(lost)}`
}

/** A display filter for Wireshark and tshark. */
export function wireshark({ client, server }: Pick<Report, 'client' | 'server'>): string {
  const ip = client.ip.includes(':') ? 'ipv6' : 'ip'
  const ends = `${ip}.addr == ${client.ip} && ${ip}.addr == ${server.ip}`
  return `${ends} && tcp.port == ${client.port} && tcp.port == ${server.port}`
}

/** A capture filter. */
export function tcpdump({ client, server }: Pick<Report, 'client' | 'server'>): string {
  return `host ${client.ip} and host ${server.ip} and tcp port ${client.port} and tcp port ${server.port}`
}

/** `0.026797`: seconds, as tcpdump and the text report show them. */
export function seconds(ns: number): string {
  const micros = Math.trunc(Math.abs(ns) / 1_000)
  const sign = ns < 0 ? '-' : ''
  return `${sign}${Math.trunc(micros / 1_000_000)}.${String(micros % 1_000_000).padStart(6, '0')}`
}

/** `26.8 ms`, `5.235 s`: a time since the beginning. */
export function elapsed(ns: number, most = ns): string {
  if (ns >= 1e9) return `${(ns / 1e9).toFixed(3)} s`
  return most < 1e6 ? `${(ns / 1e3).toFixed(0)} \u00b5s` : `${(ns / 1e6).toFixed(1)} ms`
}

/** A word of a shell, as it is. */
export function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/u.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}

/** A moment so many nanoseconds after another, with all its digits. */
function moment(from: string, ns: number): string {
  const time = nanos(from) + BigInt(ns)
  const whole = new Date(Number(time / 1_000_000n)).toISOString()
  return `${day(whole)} ${whole.slice(11, 19)}.${String(time % 1_000_000_000n).padStart(9, '0')} UTC`
}

/** Everything that is known of a segment, field by field; `from` is the ladder's first moment. */
export function fields(segment: SegmentRung, from: string): [string, string][] {
  const { options = [], notes = [], ack, ack_rel, ts_value, ip_id } = segment
  const tos = segment.tos ?? 0
  const frames = Object.entries(segment.frames ?? {}).map(([point, frame]) => `${point} ${frame}`)
  const none = pick('none', '无')
  const all: [string, string | undefined][] = [
    [pick('frame', '帧'), frames.length > 0 ? frames.join(', ') : String(segment.frame)],
    [pick('file', '文件'), segment.file ?? undefined],
    [pick('time', '时间'), moment(from, segment.ns)],
    [pick('after', '相对时间'), `${seconds(segment.ns)} s`],
    [pick('from', '发送方'), called('side', segment.from)],
    [pick('flags', '标志位'), flags(segment.flags)],
    ['seq', segment.seq === null ? `${segment.seq_rel}` : `${segment.seq_rel} (${segment.seq})`],
    ['ack', ack === undefined ? none : `${ack_rel} (${ack})`],
    [pick('length', '长度'), `${count(segment.len)} B`],
    [pick('window', '窗口'), segment.offers == null
      ? pick(`${segment.win} (not scaled)`, `${segment.win}（未缩放）`) : `${count(segment.offers)} B (${segment.win})`],
    [pick('options', '选项'), options.length > 0 ? options.join(pick(', ', '，')) : none],
    ['TSval', ts_value?.toString()],
    ['TTL', segment.ttl?.toString()],
    ['IP ID', ip_id?.toString()],
    ['DSCP, ECN', `${tos >> 2}, ${tos & 3}`],
    [pick('noticed', '备注'), notes.length > 0 ? notes.join(pick(', ', '，')) : undefined],
    [pick('decisive', '关键'), segment.marked ? pick('the verdict rests on it', '结论以它为依据') : undefined],
  ]
  return all.filter((field): field is [string, string] => field[1] !== undefined)
}

const FLAGS: Record<string, string> = {
  S: 'SYN', F: 'FIN', R: 'RST', P: 'PSH', A: 'ACK', U: 'URG', E: 'ECE', C: 'CWR',
}

function flags(letters: string): string {
  return [...letters].map((letter) => FLAGS[letter] ?? letter).join(' ')
}

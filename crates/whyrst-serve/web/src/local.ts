// The page's answers from the data of a report: what src/query.rs does, done in the browser.

import { isSuch, keyOf, parse, type Expression } from './filter'
import { pick } from './language'
import { nanos } from './nanos'
import type { CauseReport, Confidence, Endpoint, IncidentReport, Report, SummaryReport } from './records'
import type { Backend, Facet, Issue, Order, Overview, Page, Row, Series, Source, View } from './types'

const SEVERITIES = ['fault', 'attack', 'policy', 'scan', 'benign']
const CONFIDENCES = ['certain', 'likely', 'possible', 'unexplained']
const FACETS = [
  'severity', 'cause', 'family', 'reason', 'service', 'peer', 'process', 'name', 'confidence', 'origin', 'ending', 'source',
]
const SHOWN = 12
const CAUSES = 7
const COLUMNS = 120

interface Kept {
  row: Row
  reset: Report
  /** Nanoseconds since 1970. */
  time: bigint
  number: number
}

function address({ ip, port }: Endpoint): string {
  return ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`
}

function ip(end: string): string {
  return end.slice(0, end.lastIndexOf(':')).replace(/^\[|\]$/gu, '')
}

/** FNV-1a, 64 bits, as the server names resets. */
function identity(text: string): bigint {
  let hash = 0xcbf29ce484222325n
  for (const octet of new TextEncoder().encode(text)) {
    hash = ((hash ^ BigInt(octet)) * 0x100000001b3n) & 0xffffffffffffffffn
  }
  return hash
}

function keep(reset: Report, number: number, taken: Set<bigint>): Kept {
  const time = nanos(reset.time)
  const client = address(reset.client)
  const server = address(reset.server)
  let id = identity(`${reset.source}|${time}|${client}|${server}`)
  while (taken.has(id)) id = (id + 1n) & 0xffffffffffffffffn
  taken.add(id)
  const lost = [reset.effect.lost_client_bytes, reset.effect.lost_server_bytes].filter((octets) => octets !== null)
  const row: Row = {
    id: id.toString(16).padStart(16, '0'),
    time: reset.time,
    client,
    server,
    cause: reset.verdict.cause,
    confidence: reset.verdict.confidence,
    family: reset.family?.id ?? null,
    mechanism: reset.mechanism?.cause ?? null,
    reason: reset.reasons?.[0]?.cause ?? null,
    severity: reset.severity,
    ending: reset.schema === 'whyrst.reset/1' ? 'reset' : 'failed-connect',
    origin: reset.origin,
    process: (reset.process ?? reset.peer_process)?.comm ?? null,
    name: reset.asked_for?.name ?? null,
    source: reset.source,
    lost: lost.length === 0 ? null : lost.reduce((sum, octets) => sum + octets, 0),
    accepted: reset.effect.accepted,
    count: Math.max(reset.count, 1),
  }
  return { row, reset, time, number }
}

type Test = (kept: Kept) => boolean

/** Terms of one key. */
interface Group {
  key: string
  is: Test
}

interface Filter {
  groups: Group[]
  /** What has no key of its own: words, and whatever `or` joins. */
  others: Test[]
}

function word(key: string, { row, reset }: Kept): string | null {
  switch (key) {
    case 'service': return row.server
    case 'peer': return ip(row.client)
    case 'phase': return reset.phase
    case 'by': return reset.family?.by ?? null
    case 'kind': return reset.kind
    default: return row[key as keyof Row] as string | null
  }
}

function port(end: string): number {
  return Number(end.slice(end.lastIndexOf(':') + 1))
}

/** What a part of a filter says of one row. */
function tests(expression: Expression): Test {
  switch (expression.is) {
    case 'end': {
      const { key, end } = expression
      const is = (address: string) => isSuch(end, ip(address), port(address))
      return ({ row }) => (key !== 'peer' && is(row.server)) || (key !== 'service' && is(row.client))
    }
    case 'both': return ({ row }) => [row.client, row.server].every((end) => isSuch(expression.end, ip(end), port(end)))
    case 'protocol': switch (expression.protocol) {
      case 'ip': return ({ row }) => !row.server.startsWith('[')
      case 'ip6': return ({ row }) => row.server.startsWith('[')
      default: return () => expression.protocol === 'tcp'
    }
    case 'time': {
      const [first, last] = [nanos(expression.from), nanos(expression.to)]
      return ({ time }) => first <= time && time <= last
    }
    case 'word': {
      const { key, value, literal } = expression
      if (literal || !value.includes('*')) return (kept) => word(key, kept) === value
      const parts = value.split('*').map((part) => part.replaceAll(/[\\^$.|?+()[\]{}]/gu, '\\$&'))
      const pattern = new RegExp(`^${parts.join('.*')}$`, 'su')
      return (kept) => pattern.test(word(key, kept) ?? '\u0000')
    }
    case 'text': return (kept) => text(kept).includes(expression.text)
    // The parser lets none through.
    case 'packets': return () => false
    case 'not': {
      const one = tests(expression.one)
      return (kept) => !one(kept)
    }
    case 'all': {
      const all = expression.of.map(tests)
      return (kept) => all.every((one) => one(kept))
    }
    case 'any': {
      const any = expression.of.map(tests)
      return (kept) => any.some((one) => one(kept))
    }
  }
}

function filterOf(q: string): Filter {
  const filter: Filter = { groups: [], others: [] }
  const add = (expression: Expression): void => {
    if (expression.is === 'all') {
      expression.of.forEach(add)
      return
    }
    const negated = expression.is === 'not' && expression.one.is !== 'any' ? keyOf(expression.one) : null
    const key = keyOf(expression) ?? negated
    if (key === null) filter.others.push(tests(expression))
    else filter.groups.push({ key, is: tests(expression) })
  }
  const whole = parse(q)
  if (whole !== null) add(whole)
  return filter
}

function text({ row }: Kept): string {
  const steps = `${row.cause} ${row.mechanism ?? ''} ${row.reason ?? ''}`
  return `${row.client} ${row.server} ${steps} ${row.process ?? ''} ${row.name ?? ''} ${row.source}`.toLowerCase()
}

function othersHold({ others }: Filter, kept: Kept): boolean {
  return others.every((one) => one(kept))
}

function fits(filter: Filter, kept: Kept): boolean {
  return filter.groups.every(({ is }) => is(kept)) && othersHold(filter, kept)
}

function compare(order: Order): (one: Kept, other: Kept) => number {
  const byTime = (one: Kept, other: Kept) => Number(one.time - other.time) || one.number - other.number
  if (order === 'oldest') return byTime
  if (order === 'newest') return (one, other) => byTime(other, one)
  const ignored = ({ row }: Kept) => Number(row.accepted === false)
  return (one, other) =>
    SEVERITIES.indexOf(one.row.severity) - SEVERITIES.indexOf(other.row.severity) ||
    ignored(one) - ignored(other) ||
    (other.row.lost ?? 0) - (one.row.lost ?? 0) ||
    CONFIDENCES.indexOf(one.row.confidence) - CONFIDENCES.indexOf(other.row.confidence) ||
    other.row.count - one.row.count ||
    byTime(one, other)
}

function facet(key: string, counts: Map<string, number>): Facet {
  const order = (one: string, other: string) => (one < other ? -1 : 1)
  const all = [...counts].map(([value, count]) => ({ value, count }))
  all.sort((one, other) => other.count - one.count || order(one.value, other.value))
  return { key, values: all.slice(0, SHOWN), more: Math.max(all.length - SHOWN, 0) }
}

const STEPS = [
  1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000, 600_000,
  1_800_000, 3_600_000, 10_800_000, 21_600_000, 43_200_000,
]
const DAY = 86_400_000

function series(all: Kept[]): Series {
  const millis = all.map(({ time }) => Number(time / 1_000_000n))
  if (millis.length === 0) return { start: 0, step: 0, columns: 0, causes: [] }
  const first = millis.reduce((least, time) => Math.min(least, time))
  const last = millis.reduce((most, time) => Math.max(most, time))
  const step = STEPS.find((one) => Math.floor((last - first) / one) < COLUMNS - 1)
    ?? (Math.floor((last - first) / DAY / (COLUMNS - 1)) + 1) * DAY
  const start = Math.floor(first / step) * step
  const columns = Math.floor((last - start) / step) + 1
  const totals = new Map<string, number>()
  for (const { row } of all) totals.set(row.cause, (totals.get(row.cause) ?? 0) + row.count)
  const ranked = [...totals].sort((one, other) => other[1] - one[1] || (one[0] < other[0] ? -1 : 1))
  const names: (string | null)[] = ranked.slice(0, CAUSES).map(([cause]) => cause)
  if (ranked.length > CAUSES) names.push(null)
  const causes = names.map((cause) => ({ cause, counts: new Array<number>(columns).fill(0) }))
  all.forEach(({ row }, at) => {
    const one = causes.find(({ cause }) => cause === row.cause) ?? causes[CAUSES]
    const column = Math.floor(((millis[at] ?? start) - start) / step)
    if (one) one.counts[column] = (one.counts[column] ?? 0) + row.count
  })
  return { start, step, columns, causes }
}

const LISTED = 200
const PARTS = 24

/** The same as the server's src/issues.rs. */
function issues(all: Kept[]): Issue[] {
  const groups = new Map<string, Kept[]>()
  for (const kept of all) {
    const { row, reset } = kept
    const key = [row.family, row.cause, reset.family?.by, reset.server.port, row.severity, row.ending].join(' ')
    const group = groups.get(key)
    if (group) group.push(kept)
    else groups.set(key, [kept])
  }
  const times = all.map(({ time }) => time)
  const first = times.reduce((least, time) => (time < least ? time : least), times[0] ?? 0n)
  const last = times.reduce((most, time) => (time > most ? time : most), first)
  const width = (last - first) / BigInt(PARTS) + 1n
  const list = [...groups.values()].map((group) => issue(group, first, width))
  const name = ({ cause, port, by, severity }: Issue) => `${cause} ${String(port).padStart(5, '0')} ${by ?? ''} ${severity}`
  list.sort((one, other) =>
    Number(one.severity === 'benign') - Number(other.severity === 'benign') || other.count - one.count
    || (name(one) < name(other) ? -1 : 1))
  return list.slice(0, LISTED)
}

function issue(group: Kept[], start: bigint, width: bigint): Issue {
  const [{ row, reset }] = group as [Kept, ...Kept[]]
  const inTime = [...group].sort((one, other) => Number(one.time - other.time))
  const sure = new Map<Confidence, number>()
  const counts = new Array<number>(PARTS).fill(0)
  for (const one of group) {
    sure.set(one.row.confidence, (sure.get(one.row.confidence) ?? 0) + one.row.count)
    const at = Number((one.time - start) / width)
    counts[at] = (counts[at] ?? 0) + one.row.count
  }
  // Of two that are as common, the less sure.
  const doubt = (confidence: Confidence) => CONFIDENCES.indexOf(confidence)
  const commonest = [...sure].sort((one, other) => other[1] - one[1] || doubt(other[0]) - doubt(one[0]))
  const servers = new Set(group.map((one) => one.row.server))
  const lost = group.map((one) => one.row.lost).filter((octets) => octets !== null)
  return {
    family: row.family, cause: row.cause, title: reset.verdict.title, by: reset.family?.by ?? null, port: reset.server.port,
    severity: row.severity, ending: row.ending, confidence: commonest[0]?.[0] ?? row.confidence,
    count: group.reduce((sum, one) => sum + one.row.count, 0), rows: group.length,
    servers: servers.size, clients: new Set(group.map((one) => ip(one.row.client))).size,
    service: servers.size === 1 ? row.server : null,
    lost: lost.length === 0 ? null : lost.reduce((sum, octets) => sum + octets, 0),
    first: inTime[0]?.row.time ?? '', last: inTime.at(-1)?.row.time ?? '', counts,
  }
}

/** Reads the lines that stand in the report. */
export function local(lines: string): Backend {
  const all: Kept[] = []
  const taken = new Set<bigint>()
  const incidents: IncidentReport[] = []
  const causes = new Map<string, CauseReport>()
  let summary: SummaryReport | null = null
  for (const line of lines.split('\n')) {
    if (line.trim() === '') continue
    const object = JSON.parse(line)
    switch (object.schema) {
      case 'whyrst.reset/1':
      case 'whyrst.failed-connect/1': all.push(keep(object, all.length, taken)); break
      case 'whyrst.incident/1': incidents.push(object); break
      case 'whyrst.summary/1': summary = object; break
      case 'whyrst.cause/1': causes.set(object.id, object); break
    }
  }
  const resets = all.reduce((sum, { row }) => sum + row.count, 0)
  const [first = pick('this report', '这份报告'), ...rest] = summary?.files ?? []
  const source: Source = {
    name: rest.length > 0 ? pick(`${first} and ${rest.length} more`, `${first} 等 ${rest.length + 1} 个`) : first,
    kind: 'capture', state: 'done', resets, remarks: [], more_remarks: 0, summary, incidents,
  }
  const found = <T>(value: T | undefined, what: string) =>
    value === undefined ? Promise.reject(new Error(what)) : Promise.resolve(value)
  return {
    feed: null,
    overview: async (): Promise<Overview> =>
      ({ version: '', generation: 0, rows: all.length, forgotten: 0, sources: [source] }),
    view: async (q): Promise<View> => {
      const filter = filterOf(q)
      const counts = new Map(FACETS.map((key) => [key, new Map<string, number>()]))
      const fit: Kept[] = []
      for (const kept of all) {
        if (!othersHold(filter, kept)) continue
        const failing = new Set(filter.groups.filter(({ is }) => !is(kept)).map(({ key }) => key))
        if (failing.size > 1) continue
        if (failing.size === 0) fit.push(kept)
        for (const key of failing.size === 0 ? FACETS : failing) {
          const value = word(key, kept)
          const count = counts.get(key)
          if (count && value !== null) count.set(value, (count.get(value) ?? 0) + kept.row.count)
        }
      }
      return {
        rows: fit.length,
        total: fit.reduce((sum, { row }) => sum + row.count, 0),
        issues: issues(fit),
        facets: FACETS.map((key) => facet(key, counts.get(key) ?? new Map())),
        series: series(fit),
      }
    },
    page: async (q, order, offset, limit, find): Promise<Page> => {
      const filter = filterOf(q)
      const fit = all.filter((kept) => fits(filter, kept)).sort(compare(order))
      const at = fit.findIndex(({ row }) => row.id === find)
      const list = fit.slice(offset, offset + limit).map(({ row }) => row)
      return { generation: 0, rows: fit.length, offset, at: at < 0 ? null : at, list }
    },
    reset: (id) => found(all.find(({ row }) => row.id === id)?.reset, pick('this reset is not in the report', '报告里没有这个重置')),
    packets: () => Promise.reject(new Error(pick(
      'a report in one file has no more packets: open the capture with `whyrst serve`', '单文件报告没有更多报文：请用 `whyrst serve` 打开抓包'))),
    beside: () => Promise.reject(new Error(pick(
      'beside the lab\u2019s run of the same cause: whyrst explain --beside-lab FILE', '与同一原因的实验对照：whyrst explain --beside-lab FILE'))),
    cause: (id) => found(causes.get(id), pick('the report does not have this page of the catalogue', '报告里没有目录的这一页')),
  }
}

// What is wrong, as few lines as there are things to mend: resets that are alike, with their share of the connections
// of their service. Choosing one lists its resets.

import { useState } from 'preact/hooks'
import { colourOf } from './colours'
import { replaced } from './filter'
import { called, pick } from './language'
import type { IncidentReport, SummaryReport } from './records'
import type { Issue, Source } from './types'
import { ServiceMap } from './servicemap'
import { clock, count, octets, plural } from './words'

/** Names of ports as IANA registers them, of services that people know by them. */
const SERVICES: Record<number, string> = {
  21: 'ftp', 22: 'ssh', 25: 'smtp', 53: 'domain', 80: 'http', 110: 'pop3', 143: 'imap', 389: 'ldap', 443: 'https', 445: 'microsoft-ds',
  465: 'submissions', 587: 'submission', 636: 'ldaps', 853: 'domain-s', 993: 'imaps', 995: 'pop3s', 1433: 'ms-sql-s', 1521: 'ncube-lm',
  1883: 'mqtt', 2049: 'nfs', 2379: 'etcd-client', 3306: 'mysql', 3389: 'ms-wbt-server', 5432: 'postgresql', 5671: 'amqps', 5672: 'amqp',
  6379: 'redis', 8080: 'http-alt', 8443: 'pcsync-https', 8883: 'secure-mqtt', 11211: 'memcache', 27017: 'mongodb',
}

interface Props {
  issues: Issue[]
  sources: Source[]
  q: string
  /** Lists the resets of this filter. */
  list(q: string): void
}

export function Issues({ issues, sources, q, list }: Props) {
  const [all, setAll] = useState(false)
  const benign = issues.filter(({ severity }) => severity === 'benign')
  const shown = all ? issues : issues.filter(({ severity }) => severity !== 'benign')
  const folded = benign.reduce((sum, issue) => sum + issue.count, 0)
  return (
    <section class="issues" aria-label={pick('issues', '问题')}>
      {q === '' && <Lead issues={issues} sources={sources} />}
      <ul>
        {shown.map((issue) => <One key={keyOf(issue)} issue={issue} asked={q === '' ? asked(issue, sources) : null} q={q} list={list} />)}
      </ul>
      {q === '' && <ServiceMap sources={sources} list={list} />}
      {benign.length > 0 && (
        <button type="button" class="more" onClick={() => setAll(!all)}>
          {all ? pick('hide what is benign', '收起无害的')
            : pick(`${plural(folded, 'benign reset')} in ${plural(benign.length, 'issue')}: show`,
              `${count(benign.length)} 类、${count(folded)} 次无害的重置：显示`)}
        </button>
      )}
    </section>
  )
}

function keyOf({ family, cause, by, port, severity, ending }: Issue): string {
  return [family, cause, by, port, severity, ending].join(' ')
}

interface OneProps {
  issue: Issue
  /** Connections that its servers were asked for, where that is known. */
  asked: number | null
  q: string
  list(q: string): void
}

function One({ issue, asked, q, list }: OneProps) {
  const { severity, title, cause, by, confidence, lost } = issue
  const known = SERVICES[issue.port]
  return (
    <li>
      <button type="button" title={pick('list its resets', '列出它的重置')} onClick={() => list(filterOf(issue, q))}>
        <span class={`severity ${severity}`}>{called('severity', severity)}</span>
        <span class="what">
          <b class="mono">{issue.service ?? `:${issue.port}`}</b>{known !== undefined && <span class="port"> {known}</span>} <span class="title">{title}</span>
        </span>
        <span class="about">
          {by !== null && <>{pick(`${by} side`, `${called('side', by)}一侧`)} · </>}
          {pick(`${plural(issue.servers, 'server')}, ${plural(issue.clients, 'client')}`,
            `${count(issue.servers)} 个服务端，${count(issue.clients)} 个客户端`)}{' · '}
          <i class={`dot c${colourOf(cause)}`} /><code>{cause}</code>
        </span>
        <span class="count">
          <b>{count(issue.count)}</b>
          {asked !== null && <small>{pick(`${share(issue.count, asked)} of its connections`, `占其连接的 ${share(issue.count, asked)}`)}</small>}
        </span>
        <span class="when"><Spark counts={issue.counts} /><small>{when(issue)}</small></span>
        <span class="lost">{lost !== null && lost > 0 && <>{`\u2264 ${octets(lost)}`}<small>{pick('lost', '丢失')}</small></>}</span>
        <span class={`confidence ${confidence}`}>{called('confidence', confidence)}</span>
      </button>
    </li>
  )
}

/** Bars, the highest as high as there is room; the numbers stand beside it. */
function Spark({ counts }: { counts: number[] }) {
  const most = Math.max(...counts, 1)
  return (
    <svg class="spark" viewBox={`0 0 ${counts.length * 5} 20`} preserveAspectRatio="none" aria-hidden="true">
      {counts.map((one, at) => {
        const height = one === 0 ? 0 : Math.max((one / most) * 20, 1.5)
        return <rect key={at} x={at * 5} y={20 - height} width="4" height={height} />
      })}
    </svg>
  )
}

function when({ first, last }: Issue): string {
  const [from, to] = [clock(first).slice(0, 8), clock(last).slice(0, 8)]
  if (first.slice(0, 10) !== last.slice(0, 10)) return `${first.slice(5, 10)} ${from.slice(0, 5)} \u2013 ${last.slice(5, 10)} ${to.slice(0, 5)}`
  return from === to ? from : `${from} \u2013 ${to}`
}

/** `1.7 %`; what is less than a hundredth of a percent is not called none. */
function share(part: number, whole: number): string {
  const percent = (part * 100) / whole
  if (percent < 0.01) return '< 0.01 %'
  return `${percent < 10 ? percent.toFixed(percent < 1 ? 2 : 1) : Math.round(percent)} %`
}

/** How many connections its servers were asked for, as the captures' summaries count them; `null` where one does not know. */
function asked(issue: Issue, sources: Source[]): number | null {
  const is = (one: SummaryReport['issues'][number]) =>
    one.family === issue.family && one.cause === issue.cause && one.by === (issue.by ?? one.by)
    && one.service.endsWith(`:${issue.port}`) && (one.severity ?? issue.severity) === issue.severity
  let sum = 0
  for (const { summary } of sources) {
    if (summary === null) return null
    for (const one of (summary.issues ?? []).filter(is)) {
      if (one.of_connections === null) return null
      sum += one.of_connections
    }
  }
  return sum >= issue.count ? sum : null
}

/** Its resets, within what was asked for. */
function filterOf({ family, cause, by, port, service, severity, ending }: Issue, q: string): string {
  const terms: [string, string | null][] = [
    ['ending', family === null ? ending : null], ['family', family], ['cause', cause], ['by', by],
    ['service', service ?? `:${port}`], ['severity', severity],
  ]
  return terms.reduce((text, [key, value]) => (value === null ? text : replaced(text, key, value)), q)
}

/** What the captures are about. */
function Lead({ issues, sources }: { issues: Issue[]; sources: Source[] }) {
  const summaries = sources.map(({ summary }) => summary)
  const read = summaries.filter((summary) => summary !== null)
  const complete = read.length === sources.length && read.length > 0
  const connections = read.reduce((sum, summary) => sum + summary.connections, 0)
  const reset = read.reduce((sum, summary) => sum + summary.reset_connections, 0)
  const total = issues.reduce((sum, issue) => sum + issue.count, 0)
  const down = new Set(sources.flatMap(({ incidents }) => incidents).filter(isOutage).map(({ server, host }) => server ?? host))
  const [first] = issues
  if (!first || total === 0) return null
  const at = first.service ?? `:${first.port}`
  return (
    <p class="lead">
      {complete && connections >= reset && reset > 0 && pick(
        `${count(reset)} of ${plural(connections, 'connection')} (${share(reset, connections)}) ended in a reset. `,
        `${count(connections)} 条连接中有 ${count(reset)} 条（${share(reset, connections)}）被重置。`)}
      {first.severity === 'benign' ? <b>{pick('All of it is benign. ', '都是无害的。')}</b>
        : <>{pick('Most often: ', '最常见：')}<b>{first.title}</b>{pick(` (${first.confidence}; ${at}, ${share(first.count, total)} of all). `,
          `（${called('confidence', first.confidence)}；${at}，占全部的 ${share(first.count, total)}）。`)}</>}
      {down.size > 0 && <b class="problem">{pick(`${plural(down.size, 'service')} went down.`, `${count(down.size)} 个服务曾中断。`)}</b>}
    </p>
  )
}

function isOutage({ kind }: IncidentReport): boolean {
  return kind === 'service-died'
}

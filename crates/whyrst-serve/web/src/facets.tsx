// What the resets have in common, with counts. A click narrows the list to it, another takes it back.

import { useState } from 'preact/hooks'
import { colourOf } from './colours'
import { has, toggled } from './filter'
import { called, pick } from './language'
import type { Facet } from './types'
import { count } from './words'

const TITLES: Record<string, string> = {
  severity: pick('Severity', '严重程度'), family: pick('Shape of the reset', '重置的形态'), cause: pick('Cause', '原因'),
  reason: pick('Reason', '缘由'), service: pick('Service', '服务'),
  peer: pick('Peer', '对端'), process: pick('Process', '进程'), name: pick('Name asked for', '请求的域名'),
  confidence: pick('Confidence', '可信度'), origin: pick('Who made the RST', 'RST 由谁发出'),
  ending: pick('Ending', '结局'), source: pick('Source', '来源'),
}
/** A facet that says nothing unless it has two values. */
const ONLY_WITH_CHOICE = ['origin', 'ending', 'source']
const FEW = 6

/** The end of a path, which is what differs. */
function short(path: string): string {
  const parts = path.split('/')
  return parts.length > 2 ? `\u2026/${parts.slice(-2).join('/')}` : path
}

interface Props {
  facets: Facet[]
  q: string
  change(q: string): void
}

export function Facets({ facets, q, change }: Props) {
  const shown = facets.filter(({ key, values }) => values.length > (ONLY_WITH_CHOICE.includes(key) ? 1 : 0))
  return <>{shown.map((facet) => <One key={facet.key} facet={facet} q={q} change={change} />)}</>
}

function One({ facet, q, change }: { facet: Facet; q: string; change(q: string): void }) {
  const [all, setAll] = useState(false)
  const { key, values, more } = facet
  const most = values.reduce((sum, { count: one }) => Math.max(sum, one), 1)
  const shown = values.filter(({ value }, at) => all || at < FEW || has(q, key, value))
  return (
    <section class="facet" aria-label={TITLES[key] ?? key}>
      <h2>{TITLES[key] ?? key}</h2>
      <ul>
        {shown.map(({ value, count: one }) => (
          <li key={value}>
            <button type="button" aria-pressed={has(q, key, value)} title={value}
              onClick={() => change(toggled(q, key, value))}>
              <span class={key === 'reason' ? 'value id' : 'value'}>{key === 'cause' && <i class={`dot c${colourOf(value)}`} />}{key === 'source' ? short(value) : called(key, value)}</span>
              <span class="number">{count(one)}</span>
              <span class="share" style={{ width: `${(100 * one) / most}%` }} aria-hidden="true" />
            </button>
          </li>
        ))}
      </ul>
      {values.length > shown.length || all ? (
        <button type="button" class="more" onClick={() => setAll(!all)}>
          {all ? pick('fewer', '收起') : pick(`${count(values.length - shown.length + more)} more`, `另有 ${count(values.length - shown.length + more)} 个`)}
        </button>
      ) : null}
      {all && more > 0 && <p class="note">
        {pick(`and ${count(more)} rarer: type ${key}:value above`, `还有 ${count(more)} 个更少见的：在上方输入 ${key}:值`)}
      </p>}
    </section>
  )
}

// What several resets have in common: told above the list, because one of them explains a hundred.

import { useState } from 'preact/hooks'
import { replaced } from './filter'
import { called, pick } from './language'
import { Text } from './text'
import type { IncidentReport, Severity } from './records'
import { clock, count } from './words'

const RANK: Severity[] = ['fault', 'attack', 'policy', 'scan', 'benign']
const FEW = 3

interface Props {
  incidents: IncidentReport[]
  change(q: string): void
}

export function Incidents({ incidents, change }: Props) {
  const [all, setAll] = useState(false)
  if (incidents.length === 0) return null
  const rank = ({ severity }: IncidentReport) => RANK.indexOf(severity)
  const sorted = [...incidents].sort((one, other) => rank(one) - rank(other) || other.connections - one.connections)
  return (
    <section class="incidents" aria-label={pick('incidents', '事件')}>
      <h2>{pick('Incidents', '事件')} <span class="number">{count(incidents.length)}</span></h2>
      <ul>
        {sorted.slice(0, all ? undefined : FEW).map((incident) => (
          <li key={incident.kind + incident.time + incident.title}>
            <button type="button" title={pick('show its resets', '列出它的重置')} onClick={() => change(filterOf(incident))}>
              <span class={`severity ${incident.severity}`}>{called('severity', incident.severity)}</span>
              <span class="title">{incident.title}</span>
              <span class="reading" title={incident.reading}>
                <span class="extent">{clock(incident.time).slice(0, 12)}{pick(' to ', ' 至 ')}{clock(incident.last).slice(0, 12)}</span>
                <Text>{incident.reading}</Text>
              </span>
            </button>
          </li>
        ))}
      </ul>
      {sorted.length > FEW && (
        <button type="button" class="more" onClick={() => setAll(!all)}>
          {all ? pick('fewer', '收起') : pick(`${count(sorted.length - FEW)} more`, `另有 ${count(sorted.length - FEW)} 个`)}
        </button>
      )}
    </section>
  )
}

/** The resets of those ends in that time: an incident's own, and perhaps a few more. */
function filterOf({ host, server, time, last }: IncidentReport): string {
  let q = replaced('', 'time', `${time}..${last}`)
  if (server !== null) q = replaced(q, 'service', server)
  if (host !== null) q = replaced(q, 'host', host)
  return q
}

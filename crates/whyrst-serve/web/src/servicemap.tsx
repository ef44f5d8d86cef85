// Who resets whom, where there are more than three services: clients on the left, services on the right, an arrow from who
// sends the RSTs to who gets them, as thick as there are many. Choosing one lists its resets.

import { colourOf } from './colours'
import { pick } from './language'
import type { ResetsBetween } from './records'
import type { Source } from './types'
import { count, plural } from './words'

const FEW = 3
const SHOWN = 12
const ROW = 26
/** Where the arrows begin and end. */
const [LEFT, RIGHT, WIDTH] = [250, 470, 720]

interface Props {
  sources: Source[]
  list(q: string): void
}

/** Of all captures: counts of the same service and side are added. */
function edges(sources: Source[]): ResetsBetween[] {
  const all = new Map<string, ResetsBetween>()
  for (const { summary } of sources) {
    for (const one of summary?.who_resets_whom ?? []) {
      const key = `${one.service} ${one.by}`
      const known = all.get(key)
      const client = known?.client === one.client ? one.client : null
      all.set(key, known === undefined ? one
        : { ...known, client, clients: Math.max(known.clients, one.clients), count: known.count + one.count })
    }
  }
  return [...all.values()].sort((one, other) => other.count - one.count || (one.service < other.service ? -1 : 1))
}

export function ServiceMap({ sources, list }: Props) {
  const all = edges(sources)
  if (new Set(all.map(({ service }) => service)).size <= FEW) return null
  const shown = all.slice(0, SHOWN)
  const clients = [...new Set(shown.map(clientOf))]
  const services = [...new Set(shown.map(({ service }) => service))]
  const height = Math.max(clients.length, services.length) * ROW
  const most = Math.max(...shown.map((edge) => edge.count))
  const place = (names: string[], name: string) => ((names.indexOf(name) + 0.5) * height) / names.length
  return (
    <details class="map" open>
      <summary>{pick('Who resets whom', '谁重置了谁')}</summary>
      <svg viewBox={`0 0 ${WIDTH} ${height}`} role="group" aria-label={pick('who resets whom', '谁重置了谁')}>
        <defs>
          <marker id="resets" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" markerUnits="userSpaceOnUse" orient="auto">
            <path d="M0 0 8 4 0 8z" />
          </marker>
        </defs>
        {clients.map((name) => <text key={name} x={LEFT - 10} y={place(clients, name) + 4} text-anchor="end">{name}</text>)}
        {services.map((name) => <text key={name} x={RIGHT + 10} y={place(services, name) + 4}>{name}</text>)}
        {shown.map((edge) => {
          // Two arrows between the same two stand beside each other.
          const beside = shown.some((other) => other.service === edge.service && other.by !== edge.by) ? (edge.by === 'client' ? -4 : 4) : 0
          const ends = [[LEFT, place(clients, clientOf(edge)) + beside], [RIGHT, place(services, edge.service) + beside]] as const
          const [from, to] = edge.by === 'client' ? ends : [ends[1], ends[0]]
          return (
            <line key={`${edge.service} ${edge.by}`} class={`c${colourOf(edge.cause)}`} x1={from[0]} y1={from[1]} x2={to[0]} y2={to[1]}
              stroke-width={1 + 5 * Math.sqrt(edge.count / most)} marker-end="url(#resets)" />
          )
        })}
      </svg>
      <div class="pairs">
        {shown.map((edge) => (
          <button key={`${edge.service} ${edge.by}`} type="button"
            onClick={() => list(`service:${edge.service} by:${edge.by} ending:reset`)}>
            <b>{count(edge.count)}</b> {sentence(edge)} <i class={`dot c${colourOf(edge.cause)}`} /><code>{edge.cause}</code>
          </button>
        ))}
      </div>
      {all.length > shown.length && <p class="note">{pick(`${plural(all.length - shown.length, 'more pair')}`, `另有 ${count(all.length - shown.length)} 对`)}</p>}
    </details>
  )
}

function clientOf({ client, clients, service }: ResetsBetween): string {
  return client ?? pick(`${plural(clients, 'client')} of ${service}`, `${service} 的 ${count(clients)} 个客户端`)
}

function sentence(edge: ResetsBetween): string {
  const clients = edge.client ?? pick(plural(edge.clients, 'client'), `${count(edge.clients)} 个客户端`)
  const [from, to] = edge.by === 'client' ? [clients, edge.service] : [edge.service, clients]
  return `${from} \u2192 ${to}`
}

// What is read, how far it is, and what could not be read: nothing is passed over silently.

import type { Overview, Source } from './types'
import { count, octets, plural } from './words'

export function Sources({ overview }: { overview: Overview }) {
  return (
    <section class="sources" aria-label="what was read">
      {overview.sources.map((source, at) => <One key={at} source={source} />)}
      {overview.forgotten > 0 && (
        <p class="note">{plural(overview.forgotten, 'older reset')} no longer kept: the oldest go first</p>
      )}
    </section>
  )
}

function One({ source }: { source: Source }) {
  const { summary } = source
  const passed = Object.entries(summary?.passed_over ?? {})
  return (
    <div class={`source ${source.state}`}>
      <h2>{source.name}</h2>
      <p><State source={source} /></p>
      {summary && (
        <p class="numbers">
          {plural(summary.frames, 'frame')}, {plural(summary.connections, 'connection')}
          {summary.unexplained > 0 && <>, {plural(summary.unexplained, 'reset')} unexplained</>}
        </p>
      )}
      {passed.length > 0 && (
        <p class="note">passed over: {passed.map(([reason, number]) => `${count(number)} ${reason}`).join(', ')}</p>
      )}
      {[...(summary?.notes ?? []), ...source.remarks].map((text) => <p class="note" key={text}>{text}</p>)}
      {source.more_remarks > 0 && <p class="note">and {plural(source.more_remarks, 'more remark')}</p>}
    </div>
  )
}

export function State({ source }: { source: Source }) {
  const { state, octets: done = 0, of = null, resets } = source
  const found = plural(resets, 'reset')
  switch (state) {
    case 'arriving': return <Progress what="arriving" done={done} of={of} />
    case 'reading': return <><Progress what="reading" done={done} of={of} /> {found} so far</>
    case 'live': return <><i class="pulse" /> live, {found}</>
    case 'failed': return <span class="problem">{source.cause ?? 'failed'}</span>
    case 'done': return <>{found}</>
  }
}

function Progress({ what, done, of }: { what: string; done: number; of: number | null }) {
  if (of === null || of === 0) return <>{what} {done > 0 && octets(done)}</>
  const part = Math.min(done / of, 1)
  return (
    <>
      {what} <progress max={1} value={part} aria-label={what} /> {Math.floor(part * 100)} % of {octets(of)}
    </>
  )
}

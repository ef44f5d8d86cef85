// What is read, how far it is, and what could not be read: nothing is passed over silently.

import { pick } from './language'
import type { Show } from './route'
import type { Overview, Source } from './types'
import { count, octets, plural } from './words'

export function Sources({ overview, show }: { overview: Overview; show: Show }) {
  return (
    <section class="sources" aria-label={pick('what was read', '读取了什么')}>
      {overview.rows > 0 && (
        <p class="note">
          {show === 'issues' ? pick('choose an issue to list its resets', '选择一类问题，列出它的重置')
            : pick('choose a reset to see why: click it, or press j and k', '选择一个重置查看原因：点击它，或按 j、k')}
        </p>
      )}
      {overview.sources.map((source, at) => <One key={at} source={source} />)}
      {overview.forgotten > 0 && (
        <p class="note">
          {pick(`${plural(overview.forgotten, 'older reset')} no longer kept: the oldest go first`,
            `较早的 ${count(overview.forgotten)} 次重置不再保留：最旧的先丢弃`)}
        </p>
      )}
    </section>
  )
}

function One({ source }: { source: Source }) {
  const { summary } = source
  const remarks = source.remarks.filter((text) => text !== source.cause)
  const passed = Object.entries(summary?.passed_over ?? {})
  return (
    <div class={`source ${source.state}`}>
      <h2>{source.name}</h2>
      <p><State source={source} /></p>
      {summary && (source.state !== 'failed' || summary.frames > 0) && (
        <p class="numbers">
          {pick(`${plural(summary.frames, 'frame')}, ${plural(summary.connections, 'connection')}`,
            `${count(summary.frames)} 帧，${count(summary.connections)} 条连接`)}
          {summary.unexplained > 0 && pick(`, ${plural(summary.unexplained, 'reset')} unexplained`,
            `，${count(summary.unexplained)} 次重置无法解释`)}
        </p>
      )}
      {passed.length > 0 && (
        <p class="note">{pick('passed over: ', '跳过：')}{passed.map(([reason, number]) => `${count(number)} ${reason}`).join(', ')}</p>
      )}
      {[...(summary?.notes ?? []), ...remarks].map((text) => <p class="note" key={text}>{text}</p>)}
      {source.more_remarks > 0 && <p class="note">
        {pick(`and ${plural(source.more_remarks, 'more remark')}`, `还有 ${count(source.more_remarks)} 条说明`)}
      </p>}
    </div>
  )
}

export function State({ source }: { source: Source }) {
  const { state, octets: done = 0, of = null, resets } = source
  const found = pick(plural(resets, 'reset'), `${count(resets)} 次重置`)
  switch (state) {
    case 'arriving': return <Progress what={pick('arriving', '正在接收')} done={done} of={of} />
    case 'reading': return <><Progress what={pick('reading', '正在读取')} done={done} of={of} /> {pick(`${found} so far`, `目前 ${found}`)}</>
    case 'live': return <><i class="pulse" /> {pick('live, ', '实时，')}{found}</>
    case 'failed': return <span class="problem">{source.cause ?? pick('failed', '失败')}</span>
    case 'done': return <>{found}</>
  }
}

function Progress({ what, done, of }: { what: string; done: number; of: number | null }) {
  if (of === null || of === 0) return <>{what} {done > 0 && octets(done)}</>
  const part = Math.min(done / of, 1)
  return (
    <>
      {what} <progress max={1} value={part} aria-label={what} /> {`${Math.floor(part * 100)} %`}
    </>
  )
}

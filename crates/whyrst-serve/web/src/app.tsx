// The page: filter and facets on the left, what happened in the middle, one reset on the right. On a
// narrow screen the reset covers the rest until it is closed.

import type { ComponentChildren } from 'preact'
import { useCallback, useEffect, useMemo, useRef, useState } from 'preact/hooks'
import { CausePage } from './causepage'
import { Chart } from './chart'
import { learn } from './colours'
import { Detail } from './detail'
import { Facets } from './facets'
import { replaced, terms, words } from './filter'
import { Help } from './help'
import { Issues } from './issues'
import { Incidents } from './incidents'
import { pick } from './language'
import { List, typing } from './list'
import { useRoute, type Show } from './route'
import { Sources, State } from './sources'
import { named, useScheme } from './scheme'
import type { Backend, Order, Overview, Source, View } from './types'
import { count, octets, plural } from './words'

/** While typing, the list waits so long for the next letter. */
const PATIENCE = 200

interface Props {
  backend: Backend
  /** What stands on a page onto which nothing was dropped yet, under the invitation; it is given the button that adds a capture. */
  welcome?: (add: ComponentChildren) => ComponentChildren
}

export function App({ backend, welcome }: Props) {
  const [route, go] = useRoute()
  const [scheme, nextScheme, shown] = useScheme()
  const [overview, setOverview] = useState<Overview | null>(null)
  const [view, setView] = useState<View | null>(null)
  const [problem, setProblem] = useState<string | null>(null)
  const [heard, setHeard] = useState(true)
  const [help, setHelp] = useState(false)
  const [dropping, setDropping] = useState(false)
  const [sending, setSending] = useState<string | null>(null)
  const search = useRef<HTMLInputElement>(null)
  const generation = overview?.generation ?? 0

  const refresh = useCallback(() => {
    backend.overview().then(setOverview, (error: Error) => setProblem(error.message))
  }, [backend])
  // While much comes in, counting takes a quarter of the server's time and no more.
  const pace = useRef<{ took: number; timer: ReturnType<typeof setTimeout> | null }>({ took: 0, timer: null })
  const changed = useCallback(() => {
    pace.current.timer ??= setTimeout(() => {
      pace.current.timer = null
      refresh()
    }, 3 * pace.current.took)
  }, [refresh])
  useEffect(() => {
    refresh()
    return backend.feed?.listen(changed, setHeard)
  }, [backend, refresh, changed])

  useEffect(() => {
    let wanted = true
    const began = performance.now()
    backend.view(route.q).then(
      (answer) => {
        pace.current.took = performance.now() - began
        if (!wanted) return
        learn(answer.series.causes.map(({ cause }) => cause))
        setView(answer)
        setProblem(null)
      },
      (error: Error) => wanted && setProblem(error.message),
    )
    return () => {
      wanted = false
    }
  }, [backend, route.q, generation])

  const change = useCallback((q: string) => go({ q }, 'push'), [])
  const list = useCallback((q: string) => go({ q, show: 'resets' }, 'push'), [])
  // The keys j and k go through the list: Back leads to where that began, and not out of the page.
  const selected = useRef(route.reset)
  selected.current = route.reset
  const wide = useRef(route.wide)
  wide.current = route.wide
  const select = useCallback((reset: string) => go({ reset, cause: null }, selected.current === null ? 'push' : 'replace'), [])
  const open = useCallback((reset: string) => go({ reset, cause: null }, 'push'), [])
  const openCause = useCallback((cause: string) => go({ cause }, 'push'), [])
  const close = useCallback(() => go({ cause: null, reset: null }, 'push'), [])
  const widen = useCallback(() => go({ wide: !wide.current }, 'push'), [])
  const closeCause = useCallback(() => go({ cause: null }, 'push'), [])

  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return
      if (event.key === 'Escape') {
        if (help) setHelp(false)
        else if (typing(event.target)) (event.target as HTMLElement).blur()
        else if (route.cause !== null) closeCause()
        else if (route.reset !== null) close()
        else return
      } else if (typing(event.target)) return
      else if (event.key === '/') search.current?.focus()
      else if (event.key === '?') setHelp((shown) => !shown)
      else if (event.key === 't') nextScheme()
      else if (event.key === 'f' && route.reset !== null) widen()
      else return
      event.preventDefault()
    }
    addEventListener('keydown', pressed)
    return () => removeEventListener('keydown', pressed)
  }, [help, route, close, closeCause, nextScheme, widen])

  const { feed } = backend
  const take = useCallback(async (files: Iterable<File>) => {
    for (const file of files) {
      setSending(file.name)
      try {
        await feed?.send(file, (sent) => setSending(arriving(file, sent)))
        setProblem(null)
      } catch (error) {
        setProblem(`${file.name}: ${(error as Error).message}`)
      }
    }
    setSending(null)
  }, [feed])
  useDrop(feed !== null, take, setDropping)

  const incidents = useMemo(() => overview?.sources.flatMap((source) => source.incidents) ?? [], [overview])
  const detail = route.cause !== null || route.reset !== null
  const facets = view && <Facets facets={view.facets} q={route.q} change={change} />
  return (
    <div class={`app${detail ? ' with-detail' : ''}${detail && route.wide ? ' wide-detail' : ''}${dropping ? ' dropping' : ''}`}>
      <header class="top">
        <h1>whyrst</h1>
        {overview && overview.sources.length > 0 && <Totals overview={overview} view={view} />}
        {!heard && <span class="problem" role="status">{pick('the server does not answer', '服务器没有响应')}</span>}
        {sending !== null && <span role="status">{sending}</span>}
        <span class="tools">
          {feed !== null && <Pick take={take} />}
          <button type="button" onClick={nextScheme} title={pick('light, dark, or as the system has it (t)', '浅色、深色或跟随系统（t）')}>{named(scheme)}</button>
          <button type="button" onClick={() => setHelp(true)} aria-label={pick('help: keys and filters', '帮助：按键与过滤')}
            title={pick('keys and filters (?)', '按键与过滤（?）')}>?</button>
        </span>
      </header>

      <search class="filter">
        <Search q={route.q} change={(q) => go({ q })} input={search} />
        <label>
          <span class="hidden">{pick('order', '排序')}</span>
          <select value={route.order} onChange={(event) => go({ order: event.currentTarget.value as Order }, 'push')}>
            <option value="harm">{pick('most harm first', '影响最大的在前')}</option>
            <option value="newest">{pick('newest first', '最新的在前')}</option>
            <option value="oldest">{pick('oldest first', '最早的在前')}</option>
          </select>
        </label>
        <Chips q={route.q} change={change} />
        {problem !== null && <p class="problem" role="alert">{problem}</p>}
        {overview && <Failures sources={overview.sources} />}
      </search>

      <nav class="facets" aria-label={pick('facets', '分面')}>
        <details class="narrow"><summary>{pick('Narrow down', '缩小范围')}</summary>{facets}</details>
        <div class="broad">{facets}</div>
      </nav>

      <main>
        {view && overview?.rows !== 0 && <Chart series={view.series} scheme={shown}
          select={(from, to) => change(replaced(route.q, 'time', `${from}..${to}`))} />}
        <Incidents incidents={incidents} change={list} />
        {overview && overview.rows === 0 ? <Nothing overview={overview} takes={feed !== null} welcome={welcome?.(<Pick take={take} />)} /> : overview && (
          <>
            <Tabs show={route.show} view={view} pick={(show) => go({ show, reset: null }, 'push')} />
            {route.show === 'issues' && view
              ? <Issues issues={view.issues} sources={overview.sources} q={route.q} list={list} />
              : <List backend={backend} q={route.q} order={route.order} generation={generation} problem={problem}
                selected={route.reset} select={select} open={open} />}
          </>
        )}
      </main>

      <aside aria-label={pick('details', '详情')} tabindex={detail ? undefined : 0}>
        {route.cause !== null
          ? <CausePage backend={backend} id={route.cause} close={closeCause} open={openCause} />
          : route.reset !== null
            ? <Detail backend={backend} id={route.reset} generation={generation} wide={route.wide} widen={widen}
                close={close} openCause={openCause} />
            : overview && <Sources overview={overview} show={route.show} />}
      </aside>
      {dropping && <div class="veil">{pick('drop captures here: they stay on this host', '把抓包拖到这里：它们不会离开这台主机')}</div>}
      {help && <Help close={() => setHelp(false)} about={feed?.about ?? null} />}
    </div>
  )
}

/** Issues, or each reset; the numbers are those of the filter. */
function Tabs({ show, view, pick: choose }: { show: Show; view: View | null; pick(show: Show): void }) {
  const tab = (what: Show, name: string, number: number | undefined) => (
    <button type="button" aria-pressed={show === what} onClick={() => choose(what)}>
      {name} {number !== undefined && <span class="number">{count(number)}</span>}
    </button>
  )
  return (
    <div class="tabs" role="group" aria-label={pick('what is listed', '列出什么')}>
      {tab('issues', pick('Issues', '问题'), view?.issues.length)}
      {tab('resets', pick('Resets', '重置'), view?.rows)}
    </div>
  )
}

function arriving(file: File, sent: number): string {
  const [done, all] = [octets(sent), octets(file.size)]
  return pick(`${file.name}: ${done} of ${all} sent`, `${file.name}：已发送 ${done} / ${all}`)
}

function Totals({ overview, view }: { overview: Overview; view: View | null }) {
  const { sources } = overview
  const all = sources.reduce((sum, { resets }) => sum + resets, 0)
  const busy = sources.filter(({ state }) => state === 'arriving' || state === 'reading' || state === 'live')
  const [one] = sources
  return (
    <p class="totals" role="status">
      {sources.length === 1 && one ? <b class="name">{one.name}</b> : <b>{pick(plural(sources.length, 'source'), `${count(sources.length)} 个来源`)}</b>}
      <span>
        <b class="number">{count(view?.total ?? all)}</b>{' '}
        {view && view.total !== all && pick(`of ${count(all)} `, `/ ${count(all)} `)}{pick(all === 1 ? 'reset' : 'resets', '次重置')}
      </span>
      {busy.slice(0, 2).map((source, at) => (
        <span key={at}>{sources.length > 1 && `${source.name}: `}<State source={source} /></span>
      ))}
    </p>
  )
}

interface SearchProps {
  q: string
  change(q: string): void
  input: { current: HTMLInputElement | null }
}

function Search({ q, change, input }: SearchProps) {
  const [text, setText] = useState(q)
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined)
  useEffect(() => {
    if (input.current !== document.activeElement || words(terms(text)) !== q) setText(q)
  }, [q])
  const typed = (next: string) => {
    setText(next)
    clearTimeout(timer.current)
    timer.current = setTimeout(() => change(words(terms(next))), PATIENCE)
  }
  return (
    <input ref={input} type="search" value={text} onInput={(event) => typed(event.currentTarget.value)}
      placeholder={`${pick('filter: an address', '过滤：地址')}, cause:close-unread, service:10.0.0.2:443, -severity:benign    /`}
      aria-label={pick('filter', '过滤')} spellcheck={false} autocomplete="off" />
  )
}

function Chips({ q, change }: { q: string; change(q: string): void }) {
  const all = terms(q)
  if (all.length === 0) return null
  const without = (at: number) => words(all.filter((_, other) => other !== at))
  return (
    <ul class="chips" aria-label={pick('filters in use', '正在使用的过滤条件')}>
      {all.map((one, at) => (
        <li key={words([one])}>
          <button type="button" onClick={() => change(without(at))} aria-label={pick(`remove ${words([one])}`, `去掉 ${words([one])}`)}>
            {one.key === 'time' ? `${one.negative ? '-' : ''}time:${one.value.replaceAll(/\d{4}-\d\d-\d\dT|0*Z/gu, '')}` : words([one])}
            <span aria-hidden="true"> {'\u00d7'}</span>
          </button>
        </li>
      ))}
      {all.length > 1 && <li><button type="button" class="more" onClick={() => change('')}>{pick('clear', '清除')}</button></li>}
    </ul>
  )
}

function Pick({ take }: { take(files: Iterable<File>): void }) {
  const input = useRef<HTMLInputElement>(null)
  return (
    <>
      <input ref={input} type="file" multiple hidden onChange={(event) => {
        take([...(event.currentTarget.files ?? [])])
        // Else the same file, chosen again, would be no change.
        event.currentTarget.value = ''
      }} />
      <button type="button" onClick={() => input.current?.click()} title={pick('or drop them onto the page', '也可以拖到页面上')}>{pick('add a capture', '添加抓包')}</button>
    </>
  )
}

/** What could not be read, said until it is put away: a capture may fail while something else is looked at. */
function Failures({ sources }: { sources: Source[] }) {
  const [away, setAway] = useState(0)
  const failed = sources.filter(({ state }) => state === 'failed')
  const last = failed.at(-1)
  if (!last || failed.length <= away) return null
  const others = failed.length - away - 1
  return (
    <p class="problem failures" role="alert">
      <span>
        {last.cause ?? last.name}
        {others > 0 && pick(`; and ${plural(others, 'other source')} failed`, `；另有 ${count(others)} 个来源失败`)}
      </span>
      <button type="button" onClick={() => setAway(failed.length)} aria-label={pick('put this message away', '收起这条消息')}>
        {'\u00d7'}
      </button>
    </p>
  )
}

interface NothingProps {
  overview: Overview
  /** Captures can be dropped. */
  takes: boolean
  welcome: ComponentChildren
}

function Nothing({ overview, takes, welcome }: NothingProps) {
  const busy = overview.sources.some(({ state }) => state === 'arriving' || state === 'reading')
  const hears = overview.sources.some(({ state }) => state === 'live')
  const failed = overview.sources.some(({ state }) => state === 'failed')
  const none = pick('no connection was reset in what was read', '读到的内容里没有连接被重置')
  const text = busy ? pick('no reset so far', '目前没有重置')
    : hears ? pick('no reset on this host yet: each appears here as it happens', '这台主机上还没有重置：一发生就会出现在这里')
    : failed ? pick('no reset was read', '没有读到重置')
    : overview.sources.length > 0 || !takes ? none
    : pick('drop a capture onto this page: whyrst explains it here, and nothing leaves this host',
      '把抓包拖到这个页面上：whyrst 在本机分析，什么都不会离开这台主机')
  return (
    <div class={`empty${overview.sources.length === 0 && welcome ? ' inviting' : ''}`}>
      <p>{text}</p>
      {overview.sources.length === 0 && welcome}
    </div>
  )
}

function useDrop(on: boolean, take: (files: Iterable<File>) => void, show: (shown: boolean) => void) {
  useEffect(() => {
    if (!on) return undefined
    const over = (event: DragEvent) => {
      if (!event.dataTransfer?.types.includes('Files')) return
      event.preventDefault()
      show(true)
    }
    const left = (event: DragEvent) => {
      if (event.relatedTarget === null) show(false)
    }
    const drop = (event: DragEvent) => {
      event.preventDefault()
      show(false)
      take(event.dataTransfer?.files ?? [])
    }
    addEventListener('dragover', over)
    addEventListener('dragleave', left)
    addEventListener('drop', drop)
    return () => {
      removeEventListener('dragover', over)
      removeEventListener('dragleave', left)
      removeEventListener('drop', drop)
    }
  }, [on, take])
}

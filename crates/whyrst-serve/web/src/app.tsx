// The page: filter and facets on the left, what happened in the middle, one reset on the right. On a
// narrow screen the reset covers the rest until it is closed.

import { useCallback, useEffect, useMemo, useRef, useState } from 'preact/hooks'
import { CausePage } from './causepage'
import { Chart } from './chart'
import { learn } from './colours'
import { Detail } from './detail'
import { Facets } from './facets'
import { replaced, terms, words } from './filter'
import { Help } from './help'
import { Incidents } from './incidents'
import { List, typing } from './list'
import { listen, send } from './remote'
import { useRoute } from './route'
import { Sources, State } from './sources'
import { useScheme } from './scheme'
import type { Backend, Order, Overview, View } from './types'
import { count, octets, plural } from './words'

/** While typing, the list waits so long for the next letter. */
const PATIENCE = 200

export function App({ backend }: { backend: Backend }) {
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
    return backend.live ? listen(changed, setHeard) : undefined
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
  const select = useCallback((reset: string) => go({ reset, cause: null }), [])
  const open = useCallback((reset: string) => go({ reset, cause: null }, 'push'), [])
  const openCause = useCallback((cause: string) => go({ cause }, 'push'), [])
  const close = useCallback(() => go({ cause: null, reset: null }, 'push'), [])
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
      else return
      event.preventDefault()
    }
    addEventListener('keydown', pressed)
    return () => removeEventListener('keydown', pressed)
  }, [help, route, close, closeCause, nextScheme])

  const take = useCallback(async (files: Iterable<File>) => {
    for (const file of files) {
      setSending(file.name)
      try {
        await send(file, (sent) => setSending(`${file.name}: ${octets(sent)} of ${octets(file.size)} sent`))
        setProblem(null)
      } catch (error) {
        setProblem(`${file.name}: ${(error as Error).message}`)
      }
    }
    setSending(null)
  }, [])
  useDrop(backend.live, take, setDropping)

  const incidents = useMemo(() => overview?.sources.flatMap((source) => source.incidents) ?? [], [overview])
  const detail = route.cause !== null || route.reset !== null
  const facets = view && <Facets facets={view.facets} q={route.q} change={change} />
  return (
    <div class={`app${detail ? ' with-detail' : ''}${dropping ? ' dropping' : ''}`}>
      <header class="top">
        <h1>whyrst</h1>
        {overview && <Totals overview={overview} view={view} />}
        {!heard && <span class="problem" role="status">the server does not answer</span>}
        {sending !== null && <span role="status">{sending}</span>}
        <span class="tools">
          {backend.live && <Pick take={take} />}
          <button type="button" onClick={nextScheme} title="light, dark, or as the system (t)">{scheme}</button>
          <button type="button" onClick={() => setHelp(true)} aria-label="help: keys and filters" title="keys and filters (?)">?</button>
        </span>
      </header>

      <search class="filter">
        <Search q={route.q} change={(q) => go({ q })} input={search} />
        <label>
          <span class="hidden">order</span>
          <select value={route.order} onChange={(event) => go({ order: event.currentTarget.value as Order }, 'push')}>
            <option value="harm">most harm first</option>
            <option value="newest">newest first</option>
            <option value="oldest">oldest first</option>
          </select>
        </label>
        <Chips q={route.q} change={change} />
        {problem !== null && <p class="problem" role="alert">{problem}</p>}
      </search>

      <nav class="facets" aria-label="facets">
        <details class="narrow"><summary>Narrow down</summary>{facets}</details>
        <div class="broad">{facets}</div>
      </nav>

      <main>
        {view && <Chart series={view.series} scheme={shown}
          select={(from, to) => change(replaced(route.q, 'time', `${from}..${to}`))} />}
        <Incidents incidents={incidents} change={change} />
        {overview && overview.rows === 0 ? <Nothing overview={overview} live={backend.live} /> : overview && (
          <List backend={backend} q={route.q} order={route.order} generation={generation}
            selected={route.reset} select={select} open={open} />
        )}
      </main>

      <aside aria-label="details">
        {route.cause !== null
          ? <CausePage backend={backend} id={route.cause} close={closeCause} open={openCause} />
          : route.reset !== null
            ? <Detail backend={backend} id={route.reset} generation={generation} close={close} openCause={openCause} />
            : overview && <Sources overview={overview} />}
      </aside>
      {dropping && <div class="veil">drop captures here: they stay on this host</div>}
      {help && <Help close={() => setHelp(false)} live={backend.live} />}
    </div>
  )
}

function Totals({ overview, view }: { overview: Overview; view: View | null }) {
  const { sources } = overview
  const all = sources.reduce((sum, { resets }) => sum + resets, 0)
  const busy = sources.filter(({ state }) => state === 'arriving' || state === 'reading' || state === 'live')
  const [one] = sources
  return (
    <p class="totals" role="status">
      {sources.length === 1 && one ? <b class="name">{one.name}</b> : <b>{plural(sources.length, 'source')}</b>}
      <span><b class="number">{count(view?.total ?? all)}</b> {view && view.total !== all && <>of {count(all)} </>}resets</span>
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
      placeholder="filter: an address, cause:close-unread, service:10.0.0.2:443, -severity:benign    /"
      aria-label="filter" spellcheck={false} autocomplete="off" />
  )
}

function Chips({ q, change }: { q: string; change(q: string): void }) {
  const all = terms(q)
  if (all.length === 0) return null
  const without = (at: number) => words(all.filter((_, other) => other !== at))
  return (
    <ul class="chips" aria-label="filters in use">
      {all.map((one, at) => (
        <li key={words([one])}>
          <button type="button" onClick={() => change(without(at))} aria-label={`remove ${words([one])}`}>
            {one.key === 'time' ? `${one.negative ? '-' : ''}time:${one.value.replaceAll(/\d{4}-\d\d-\d\dT|0*Z/gu, '')}` : words([one])}
            <span aria-hidden="true"> {'\u00d7'}</span>
          </button>
        </li>
      ))}
      {all.length > 1 && <li><button type="button" class="more" onClick={() => change('')}>clear</button></li>}
    </ul>
  )
}

function Pick({ take }: { take(files: Iterable<File>): void }) {
  const input = useRef<HTMLInputElement>(null)
  return (
    <>
      <input ref={input} type="file" multiple hidden onChange={(event) => take(event.currentTarget.files ?? [])} />
      <button type="button" onClick={() => input.current?.click()} title="or drop them onto the page">add a capture</button>
    </>
  )
}

function Nothing({ overview, live }: { overview: Overview; live: boolean }) {
  const busy = overview.sources.some(({ state }) => state === 'arriving' || state === 'reading')
  const hears = overview.sources.some(({ state }) => state === 'live')
  if (busy) return <p class="empty">no reset so far</p>
  if (hears) return <p class="empty">no reset on this host yet: each appears here as it happens</p>
  if (overview.sources.length > 0) return <p class="empty">no resets</p>
  return <p class="empty">{live ? 'drop a capture onto this page: whyrst explains it here, and nothing leaves this host' : 'no resets'}</p>
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

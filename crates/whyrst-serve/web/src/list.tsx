// The list of resets: only the rows in sight exist, and they come from the backend a page at a time,
// so that a hundred thousand are as quick as ten.

import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import { colourOf } from './colours'
import { called, pick } from './language'
import type { Backend, Order, Row } from './types'
import { clock, count, day, harmOf } from './words'

const PAGE = 100
/** Browsers cannot show elements much higher than this, in pixels. */
const HIGHEST = 16_000_000
const WIDE = 640

interface Props {
  backend: Backend
  q: string
  order: Order
  generation: number
  /** What is said of this filter already. */
  problem: string | null
  selected: string | null
  select(id: string): void
  open(id: string): void
}

interface Held {
  key: string
  generation: number
  rows: number
  pages: Map<number, Row[]>
  asked: Map<number, number>
}

export function List({ backend, q, order, generation, problem, selected, select, open }: Props) {
  const box = useRef<HTMLDivElement>(null)
  const held = useRef<Held>({ key: '', generation: -1, rows: 0, pages: new Map(), asked: new Map() })
  const [, redraw] = useState(0)
  const [view, setView] = useState({ top: 0, height: 600, width: 800 })
  const [cursor, setCursor] = useState(-1)
  const [error, setError] = useState<string | null>(null)

  const key = `${order} ${q}`
  if (held.current.key !== key) {
    // What was listed stays until the new list is there.
    held.current = { key, generation: -1, rows: held.current.rows, pages: held.current.pages, asked: new Map() }
  }

  const ask = useCallback((page: number, find: string | null) => {
    const now = held.current
    if (find === null && now.asked.get(page) === generation) return
    now.asked.set(page, generation)
    backend.page(q, order, page * PAGE, PAGE, find).then(
      (answer) => {
        if (held.current !== now) return
        if (now.generation < generation) {
          now.generation = generation
          now.pages = new Map()
        }
        now.rows = answer.rows
        now.pages.set(page, answer.list)
        if (find !== null) setCursor(answer.at ?? -1)
        setError(null)
        redraw((times) => times + 1)
      },
      (refused: Error) => {
        if (held.current === now) setError(refused.message)
      },
    )
  }, [backend, q, order, generation])

  const row = view.width >= WIDE ? 26 : 46
  const { rows, pages } = held.current
  const listed = Math.min(rows, Math.floor(HIGHEST / row))
  const first = Math.max(Math.floor(view.top / row) - 8, 0)
  const last = Math.min(Math.ceil((view.top + view.height) / row) + 8, Math.max(listed - 1, 0))

  useEffect(() => {
    for (let page = Math.floor(first / PAGE); page <= Math.floor(last / PAGE); page += 1) ask(page, null)
  }, [ask, Math.floor(first / PAGE), Math.floor(last / PAGE)])

  // Where is the selected one now?
  useEffect(() => {
    if (selected === null) setCursor(-1)
    else ask(Math.floor(first / PAGE), selected)
  }, [ask, selected])

  useEffect(() => {
    const element = box.current
    if (!element) return undefined
    const measure = () =>
      setView({ top: element.scrollTop, height: element.clientHeight, width: element.clientWidth })
    const watch = new ResizeObserver(measure)
    watch.observe(element)
    element.addEventListener('scroll', measure, { passive: true })
    return () => {
      watch.disconnect()
      element.removeEventListener('scroll', measure)
    }
  }, [])

  useEffect(() => {
    if (box.current) box.current.scrollTop = 0
  }, [key])

  // Keep it in sight.
  useEffect(() => {
    const element = box.current
    if (!element || cursor < 0) return
    const [top, bottom] = [cursor * row, (cursor + 1) * row]
    if (top < element.scrollTop) element.scrollTop = top
    else if (bottom > element.scrollTop + element.clientHeight) element.scrollTop = bottom - element.clientHeight
  }, [cursor, row])

  const at = (index: number) => pages.get(Math.floor(index / PAGE))?.[index % PAGE]
  const move = useCallback(async (step: number) => {
    const to = Math.min(Math.max(cursor + step, 0), held.current.rows - 1)
    if (to < 0) return
    const page = Math.floor(to / PAGE)
    const known = held.current.pages.get(page)?.[to % PAGE]
    const next = known ?? (await backend.page(q, order, page * PAGE, PAGE, null)).list[to % PAGE]
    if (!next) return
    setCursor(to)
    select(next.id)
  }, [backend, q, order, cursor, select])

  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return
      const inList = event.target === box.current
      const step = event.key === 'j' || (inList && event.key === 'ArrowDown') ? 1
        : event.key === 'k' || (inList && event.key === 'ArrowUp') ? -1
        : inList && event.key === 'PageDown' ? Math.floor(view.height / row)
        : inList && event.key === 'PageUp' ? -Math.floor(view.height / row)
        : inList && event.key === 'Home' ? -Infinity
        : inList && event.key === 'End' ? Infinity : 0
      if (step !== 0) {
        event.preventDefault()
        void move(step)
      } else if (event.key === 'Enter' && selected !== null && (inList || event.target === document.body)) {
        event.preventDefault()
        open(selected)
      }
    }
    addEventListener('keydown', pressed)
    return () => removeEventListener('keydown', pressed)
  }, [move, selected, open, view.height, row])

  const lines = []
  for (let index = first; index <= last && listed > 0; index += 1) {
    const one = at(index)
    lines.push(<Line key={index} index={index} rows={rows} row={one} height={row} selected={one?.id === selected}
      open={open} />)
  }
  return (
    <div class={`list ${view.width >= WIDE ? 'wide' : ''}`} ref={box} role="listbox" tabIndex={0}
      aria-label={pick('resets', '重置')} aria-activedescendant={cursor >= first && cursor <= last ? `row-${cursor}` : undefined}>
      {error !== null && error !== problem && <p class="problem" role="presentation">{error}</p>}
      {error === null && rows === 0 && <p class="empty" role="presentation">{pick('no reset fits the filter', '没有符合过滤条件的重置')}</p>}
      <div class="all" role="presentation" style={{ height: `${listed * row}px` }}>{lines}</div>
      {listed < rows && <p class="empty" role="presentation">
        {pick(`${count(rows - listed)} more: narrow the filter to see them`, `另有 ${count(rows - listed)} 条：收窄过滤条件即可看到`)}
      </p>}
    </div>
  )
}

interface LineProps {
  index: number
  rows: number
  row: Row | undefined
  height: number
  selected: boolean
  open(id: string): void
}

function Line({ index, rows, row, height, selected, open }: LineProps) {
  const style = { top: `${index * height}px`, height: `${height}px` }
  const place = { id: `row-${index}`, role: 'option' as const, 'aria-setsize': rows, 'aria-posinset': index + 1 }
  if (!row) return <div class="line" style={style} aria-selected={false} {...place}>{'\u2026'}</div>
  return (
    <div class={`line${selected ? ' chosen' : ''}`} style={style} aria-selected={selected} {...place}
      onClick={() => open(row.id)}>
      <span class={`severity ${row.severity}`}>{called('severity', row.severity)}</span>
      <time dateTime={row.time} title={`${day(row.time)} ${clock(row.time)} UTC`}>{clock(row.time).slice(0, 15)}</time>
      <span class="ends" title={`${row.client} > ${row.server}`}>{row.client}<i>{' > '}</i>{row.server}</span>
      <span class="cause" title={row.family === null ? row.cause : `${row.cause}, ${called('family', row.family)}`}><i class={`dot c${colourOf(row.cause)}`} />{row.cause}{row.family !== null && <i class="family">{called('family', row.family)}</i>}</span>
      <span class={`confidence ${row.confidence}`}>{called('confidence', row.confidence)}</span>
      <span class="lost">{harmOf(row)}</span>
      <span class="who">{row.count > 1 ? `\u00d7${count(row.count)} ` : ''}{row.process ?? ''}</span>
    </div>
  )
}

export function typing(target: EventTarget | null): boolean {
  return target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement
}

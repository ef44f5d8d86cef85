// Where the page is: in the fragment of its address, so that a link opens the same view, and so that
// none of it is sent to any server.

import { useEffect, useState } from 'preact/hooks'
import type { Order } from './types'

/** What the middle of the page lists: issues, or each reset. */
export type Show = 'issues' | 'resets'

export interface Route {
  q: string
  show: Show
  order: Order
  reset: string | null
  cause: string | null
  /** One reset has the whole page. */
  wide: boolean
}

const ORDERS: readonly string[] = ['harm', 'newest', 'oldest']

function read(): Route {
  const hash = new URLSearchParams(location.hash.slice(1))
  const order = hash.get('order') ?? ''
  const reset = hash.get('reset')
  return {
    q: hash.get('q') ?? '',
    // Who follows a link to a reset finds it in the list.
    show: hash.get('show') === 'resets' || hash.has('reset') ? 'resets' : 'issues',
    order: (ORDERS.includes(order) ? order : 'harm') as Order,
    reset: reset !== null && /^[0-9a-f]{16}$/u.test(reset) ? reset : null,
    cause: hash.get('cause'),
    wide: hash.get('wide') === '1',
  }
}

function fragment({ q, show, order, reset, cause, wide }: Route): string {
  const hash = new URLSearchParams()
  if (q !== '') hash.set('q', q)
  if (show !== 'issues' && reset === null) hash.set('show', show)
  if (order !== 'harm') hash.set('order', order)
  if (reset !== null) hash.set('reset', reset)
  if (cause !== null) hash.set('cause', cause)
  if (wide && reset !== null) hash.set('wide', '1')
  return `#${hash}`
}

export type Go = (change: Partial<Route>, history?: 'push' | 'replace') => void

export function useRoute(): [Route, Go] {
  const [route, setRoute] = useState(read)
  useEffect(() => {
    const changed = () => setRoute(read())
    addEventListener('popstate', changed)
    addEventListener('hashchange', changed)
    return () => {
      removeEventListener('popstate', changed)
      removeEventListener('hashchange', changed)
    }
  }, [])
  const go: Go = (change, how = 'replace') => {
    const next = { ...read(), ...change }
    const url = fragment(next)
    if (url === fragment(read())) return
    if (how === 'push') history.pushState(null, '', url)
    else history.replaceState(null, '', url)
    setRoute(next)
  }
  return [route, go]
}

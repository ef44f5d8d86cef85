// Light, dark, or as the system has it; remembered for this address.

import { useCallback, useEffect, useState } from 'preact/hooks'
import { pick } from './language'

const SCHEMES = ['auto', 'light', 'dark'] as const
type Scheme = (typeof SCHEMES)[number]
const KEY = 'whyrst-scheme'

function remembered(): Scheme {
  try {
    return SCHEMES.find((one) => one === localStorage.getItem(KEY)) ?? 'auto'
  } catch {
    return 'auto' // a file: page may have no storage
  }
}

/** What is chosen, in words. */
export function named(scheme: Scheme): string {
  switch (scheme) {
    case 'auto': return pick('theme: auto', '主题：自动')
    case 'light': return pick('theme: light', '主题：浅色')
    case 'dark': return pick('theme: dark', '主题：深色')
  }
}

/** What is chosen, how to choose the next, and what is shown. */
export function useScheme(): [Scheme, () => void, string] {
  const [scheme, setScheme] = useState(remembered)
  const [, redraw] = useState(0)
  useEffect(() => {
    document.documentElement.style.colorScheme = scheme === 'auto' ? 'light dark' : scheme
    try {
      localStorage.setItem(KEY, scheme)
    } catch { /* then it is not remembered */ }
  }, [scheme])
  useEffect(() => {
    const system = matchMedia('(prefers-color-scheme: dark)')
    const changed = () => redraw((times) => times + 1)
    system.addEventListener('change', changed)
    return () => system.removeEventListener('change', changed)
  }, [])
  const next = useCallback(() => setScheme((now) => SCHEMES[(SCHEMES.indexOf(now) + 1) % SCHEMES.length] ?? 'auto'), [])
  const dark = scheme === 'auto' ? matchMedia('(prefers-color-scheme: dark)').matches : scheme === 'dark'
  return [scheme, next, dark ? 'dark' : 'light']
}

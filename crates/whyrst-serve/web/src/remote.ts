// The page's answers from `whyrst serve`.

import { pick } from './language'
import type { CauseReport, Report } from './records'
import type { Backend, Order, Overview, Page, View } from './types'

async function ask<T>(path: string, parameters: Record<string, string | number> = {}): Promise<T> {
  const query = new URLSearchParams(Object.entries(parameters).map(([key, value]) => [key, String(value)]))
  const response = await fetch(`${path}?${query}`, { headers: { accept: 'application/json' } })
  if (!response.ok) throw new Error((await response.text()).trim() || response.statusText)
  return response.json() as Promise<T>
}

export const remote: Backend = {
  live: true,
  overview: () => ask<Overview>('/api/overview'),
  view: (q) => ask<View>('/api/view', { q }),
  page: (q: string, order: Order, offset: number, limit: number, find: string | null) =>
    ask<Page>('/api/resets', { q, order, offset, limit, ...(find === null ? {} : { find }) }),
  reset: (id) => ask<Report>(`/api/resets/${encodeURIComponent(id)}`),
  cause: (id) => ask<CauseReport>(`/api/causes/${encodeURIComponent(id)}`),
}

/** Calls `changed` whenever the server has something new, and `lost` while it cannot be heard. */
export function listen(changed: () => void, heard: (now: boolean) => void): () => void {
  const events = new EventSource('/api/changes')
  events.onmessage = () => {
    heard(true)
    changed()
  }
  events.onerror = () => heard(false)
  return () => events.close()
}

/** Sends a capture to be explained; `sent` is told the octets that have left. */
export function send(file: File, sent: (octets: number) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    request.open('POST', `/api/captures?${new URLSearchParams({ name: file.name })}`)
    request.setRequestHeader('content-type', 'application/octet-stream')
    request.upload.onprogress = (event) => sent(event.loaded)
    request.onload = () =>
      request.status < 300 ? resolve() : reject(new Error(request.responseText.trim() || request.statusText))
    request.onerror = () => reject(new Error(pick('the server did not take it', '服务器没有接收它')))
    request.send(file)
  })
}

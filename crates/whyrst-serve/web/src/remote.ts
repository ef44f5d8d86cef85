// The page's answers from `whyrst serve`.

import { pick } from './language'
import type { CauseReport, Report } from './records'
import { authorization } from './session'
import type { Backend, Beside, Feed, Order, Overview, Packets, Page, View } from './types'

/** After the server was not heard, in milliseconds. */
const AGAIN = 3_000

async function ask<T>(path: string, parameters: Record<string, string | number> = {}): Promise<T> {
  const query = new URLSearchParams(Object.entries(parameters).map(([key, value]) => [key, String(value)]))
  const response = await fetch(`${path}?${query}`, { headers: { accept: 'application/json', ...authorization() } })
    .catch(() => {
      throw new Error(pick('the server does not answer', '服务器没有响应'))
    })
  if (!response.ok) throw new Error((await response.text()).trim() || response.statusText)
  return response.json() as Promise<T>
}

function listen(changed: () => void, heard: (now: boolean) => void): () => void {
  const stop = new AbortController()
  const again = async () => {
    while (!stop.signal.aborted) {
      // Whatever ends it, it begins again.
      await hear(stop.signal, () => {
        heard(true)
        changed()
      }).catch(() => undefined)
      if (stop.signal.aborted) return
      heard(false)
      await new Promise((resolve) => setTimeout(resolve, AGAIN))
    }
  }
  void again()
  return () => stop.abort()
}

/** Server-sent events, with the header that an `EventSource` cannot send. */
async function hear(signal: AbortSignal, changed: () => void): Promise<void> {
  const answer = await fetch('/api/changes', { headers: authorization(), signal })
  if (!answer.ok || answer.body === null) return
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader()
  let rest = ''
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    const lines = (rest + value).split('\n')
    rest = lines.pop() ?? ''
    if (lines.some((line) => line.startsWith('data:'))) changed()
  }
}

function send(file: File, sent: (octets: number) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    request.open('POST', `/api/captures?${new URLSearchParams({ name: file.name })}`)
    request.setRequestHeader('content-type', 'application/octet-stream')
    request.setRequestHeader('authorization', authorization().authorization)
    request.upload.onprogress = (event) => sent(event.loaded)
    request.onload = () =>
      request.status < 300 ? resolve() : reject(new Error(request.responseText.trim() || request.statusText))
    request.onerror = () => reject(new Error(pick('the server did not take it', '服务器没有接收它')))
    request.send(file)
  })
}

const feed: Feed = {
  about: pick(
    'Captures dropped onto the page are explained by this server. The last four are kept until it ends, to show whole connections.',
    '拖放到页面上的抓包由这台服务器分析。最近四个保留到它结束，用于显示整个连接。'),
  listen,
  send,
}

export const remote: Backend = {
  feed,
  overview: () => ask<Overview>('/api/overview'),
  view: (q) => ask<View>('/api/view', { q }),
  page: (q: string, order: Order, offset: number, limit: number, find: string | null) =>
    ask<Page>('/api/resets', { q, order, offset, limit, ...(find === null ? {} : { find }) }),
  reset: (id) => ask<Report>(`/api/resets/${encodeURIComponent(id)}`),
  packets: (id, most) => ask<Packets>(`/api/resets/${encodeURIComponent(id)}/packets`, { most }),
  beside: (id) => ask<Beside | null>(`/api/resets/${encodeURIComponent(id)}/beside`),
  cause: (id) => ask<CauseReport>(`/api/causes/${encodeURIComponent(id)}`),
}

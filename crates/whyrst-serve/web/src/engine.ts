// The page's answers from WebAssembly in the page itself: the code of `whyrst serve`, in workers instead of processes,
// asked by messages instead of HTTP. Nothing is sent anywhere.

import { chinese, pick } from './language'
import type { CauseReport, Report } from './records'
import type { Backend, Beside, Feed, Overview, Packets, Page, View } from './types'
import { count, octets, plural } from './words'
import type { Call, Order, Said } from './worker'

/** What a reading may use for connections; the WebAssembly of each worker has a bound of its own, `MOST`. */
const MEMORY = 256 << 20
/** As crates/whyrst-browser/build.rs says. */
const MOST = 512 << 20
/** Captures that are read at once. */
const READERS = 2
/** How long a capture may be read for one connection, in milliseconds. */
const PATIENCE = 60_000

/** What the page brings with it. */
export interface Parts {
  module: WebAssembly.Module
  /** The text of worker.ts as it was built. */
  worker: string
  /** The lab's runs. */
  lab: string
}

/** One that ended by itself: its WebAssembly is gone, and the page goes on. */
const gone = (why: string) => pick(`its reader ended: ${why}`, `读取它的部分已结束：${why}`)

export function engine({ module, worker, lab }: Parts): Backend {
  const language = chinese ? 'zh' : 'en'
  const script = URL.createObjectURL(new Blob([worker], { type: 'text/javascript' }))
  const start = () => new Worker(script, { name: 'whyrst' })
  const order = (to: Worker, what: Order, moved: Transferable[] = []) => to.postMessage(what, moved)

  const answerer = start()
  order(answerer, { to: 'answer', module, language, lab })
  const asked = new Map<number, { resolve(answer: unknown): void; reject(error: Error): void }>()
  let last = 0
  answerer.onmessage = ({ data }: MessageEvent<Said>) => {
    if (data.said !== 'answer' && data.said !== 'refusal') return
    const waiting = asked.get(data.id)
    asked.delete(data.id)
    if (data.said === 'answer') waiting?.resolve(data.answer)
    else waiting?.reject(new Error(data.why))
  }
  const ask = <T>(call: Call, ...values: unknown[]): Promise<T> => new Promise((resolve, reject) => {
    last += 1
    asked.set(last, { resolve: resolve as (answer: unknown) => void, reject })
    order(answerer, { to: 'ask', id: last, call, values })
  })
  const json = async <T>(call: Call, ...values: unknown[]): Promise<T> => JSON.parse(await ask<string>(call, ...values)) as T

  let changed = () => {}
  const tell = async (call: Call, ...values: unknown[]) => {
    await ask(call, ...values)
    changed()
  }

  /** What was dropped, by the number of its source: a handle of the browser, not its content. */
  const files = new Map<number, File>()
  const waiting: number[] = []
  let reading = 0

  const readNext = () => {
    const source = waiting.shift()
    const file = source === undefined ? undefined : files.get(source)
    if (source === undefined || file === undefined) return
    reading += 1
    void read(source, file)
      // What fails here is the answerer, which says so to whoever asks next.
      .catch(() => undefined)
      .then(() => {
        reading -= 1
        readNext()
      })
  }

  const state = (source: number, said: object) => tell('state', source, JSON.stringify(said))
  const optionsFor = (file: File) =>
    JSON.stringify({ name: file.name, page: true, failedConnects: true, language, memory: MEMORY })

  async function read(source: number, file: File): Promise<void> {
    const failed = (cause: string) => state(source, { state: 'failed', cause })
    if (file.size === 0) {
      await failed(pick(`cannot read ${file.name}: it is empty`, `无法读取 ${file.name}：它是空的`))
      return
    }
    await state(source, { state: 'reading', octets: 0, of: file.size })
    const reader = start()
    try {
      const { unread, memory, kind, strange } = await new Promise<Extract<Said, { said: 'end' }>>((resolve, reject) => {
        reader.onmessage = ({ data }: MessageEvent<Said>) => {
          if (data.said === 'failure') reject(new Error(data.why))
          else if (data.said === 'end') resolve(data)
          else if (data.said === 'progress') void state(source, { state: 'reading', octets: data.octets, of: file.size }).catch(reject)
        }
        reader.onerror = (event) => {
          event.preventDefault()
          reject(new Error(event.message))
        }
        const { port1, port2 } = new MessageChannel()
        order(answerer, { to: 'keep', source, lines: port1 }, [port1])
        order(reader, { to: 'read', module, file, options: optionsFor(file), lines: port2 }, [port2])
      })
      if (strange > 0) {
        await tell('remark', source, pick(`passed over: ${plural(strange, 'line')} that ${strange === 1 ? 'is' : 'are'} nothing a page shows`,
          `跳过 ${count(strange)} 行：不是页面能显示的内容`))
      }
      for (const message of unread) await tell('remark', source, message)
      if (kind === 'capture' && unread.length === 0) {
        const [used, most] = [octets(memory), octets(MOST)]
        await tell('remark', source, pick(`read with ${used} of memory, of at most ${most}`, `读取用了 ${used} 内存，上限 ${most}`))
      }
      const cause = unread.at(-1)
      await (cause === undefined ? state(source, { state: 'done' }) : failed(cause))
    } catch (error) {
      const cannot = pick(`cannot read ${file.name} to its end: `, `无法把 ${file.name} 读完：`)
      await failed(cannot + gone((error as Error).message))
    } finally {
      reader.terminate()
    }
  }

  function find(file: File, connection: string, most: number): Promise<Packets> {
    const finder = start()
    const found = new Promise<Packets>((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(pick('it took more than a minute', '用时超过一分钟'))), PATIENCE)
      finder.onmessage = ({ data }: MessageEvent<Said>) => {
        clearTimeout(late)
        if (data.said === 'packets') resolve(JSON.parse(data.line) as Packets)
        else if (data.said === 'failure') reject(new Error(data.why))
      }
      finder.onerror = (event) => reject(new Error(gone(event.message)))
      order(finder, { to: 'find', module, file, connection, most, options: optionsFor(file) })
    })
    return found
      .catch((error: Error) => {
        throw new Error(pick('cannot read this connection again: ', '无法再次读取这个连接：') + error.message)
      })
      .finally(() => finder.terminate())
  }

  const feed: Feed = {
    about: pick(
      `Captures are read in this page, ${READERS} at a time, in workers that may have ${octets(MOST)} of memory each; of a file no `
      + 'more than 4 MiB are in memory at once. Nothing is sent anywhere: the page may not connect to anything.',
      `抓包在本页内读取，同时最多 ${READERS} 个，每个读取者最多用 ${octets(MOST)} 内存；文件同时在内存中的不超过 4 MiB。`
      + '什么都不会发送出去：本页不允许任何网络连接。'),
    listen: (told) => {
      changed = told
      return () => { changed = () => {} }
    },
    send: async (file) => {
      const source = await ask<number>('begin', file.name)
      files.set(source, file)
      waiting.push(source)
      changed()
      if (reading < READERS) readNext()
    },
  }

  return {
    feed,
    overview: () => json<Overview>('overview'),
    view: (q) => json<View>('view', q),
    page: (q, by, offset, limit, wanted) => json<Page>('page', q, by, offset, limit, wanted ?? undefined),
    reset: (id) => json<Report>('reset', id),
    packets: async (id, most) => {
      const connection = await ask<string>('connection', id)
      const file = files.get((JSON.parse(connection) as { source: number }).source)
      if (file === undefined) throw new Error(pick('its packets are not here', '这里没有它的报文'))
      return find(file, connection, most)
    },
    beside: (id) => json<Beside | null>('beside', id),
    cause: (id) => json<CauseReport>('cause', id),
  }
}

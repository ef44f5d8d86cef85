// The page in one file that has the program in it, as WebAssembly: opened from a disk or any static host, captures are
// dropped onto it. `cargo xtask browser` builds it.

import { render, type ComponentChildren } from 'preact'
import { App } from './app'
import { engine, type Parts } from './engine'
import { chinese, pick } from './language'
import type { Backend } from './types'
import './style.css'

const text = (id: string): string => document.getElementById(id)?.textContent ?? ''

/** What stands in an element: base64 of what gzip packed. */
async function unpacked(id: string): Promise<ArrayBuffer> {
  const packed = Uint8Array.from(atob(text(id).trim()), (character) => character.charCodeAt(0))
  const plain = new Blob([packed]).stream().pipeThrough(new DecompressionStream('gzip'))
  return new Response(plain).arrayBuffer()
}

async function parts(): Promise<Parts> {
  const [wasm, lab] = await Promise.all([unpacked('wasm'), unpacked('lab')])
  return { module: await WebAssembly.compile(wasm), worker: text('worker'), lab: new TextDecoder().decode(lab).trim() }
}

/** A capture of the lab, to see what the page does. */
async function example(lab: string): Promise<File> {
  const runs = lab.split('\n').map((line) => JSON.parse(line) as { cause: string; run: { capture: string } | null })
  const { capture = '' } = runs.find(({ cause }) => cause === 'close-unread')?.run ?? {}
  return new File([Uint8Array.from(atob(capture), (character) => character.charCodeAt(0))], 'close-unread.pcapng')
}

interface Props {
  backend: Backend
  lab: string
  /** The button that adds a capture. */
  add: ComponentChildren
}

function Welcome({ backend, lab, add }: Props) {
  const other = new URL(location.href)
  other.searchParams.set('lang', chinese ? 'en' : 'zh')
  const show = async () => {
    try {
      await backend.feed?.send(await example(lab), () => undefined)
    } catch (error) {
      fail(error)
    }
  }
  return (
    <>
      <p>
        {pick('pcap, pcapng and snoop, also packed by gzip, zstd, lz4 or bzip2; text that tcpdump or tshark printed; lines of whyrst\u2019s JSON. Several at once.',
          'pcap、pcapng、snoop，也可以是 gzip、zstd、lz4、bzip2 压缩的；tcpdump、tshark 打印的文本；whyrst 的 JSON 行。可以一次多个。')}
      </p>
      <p class="welcome">
        {add}
        <button type="button" onClick={show}>{pick('show an example', '看一个例子')}</button>
        <a href={other.href} lang={chinese ? 'en' : 'zh'} hreflang={chinese ? 'en' : 'zh'}>{pick('中文', 'English')}</a>
      </p>
    </>
  )
}

function fail(error: unknown): void {
  const place = document.getElementById('app')
  const why = error instanceof Error ? error.message : String(error)
  const needs = pick('this browser cannot run the page: it needs WebAssembly and workers (', '这个浏览器无法运行本页：需要 WebAssembly 和 Worker（')
  if (place !== null) render(<p class="problem" role="alert">{needs}{why}{pick(')', '）')}</p>, place)
}

async function begin(): Promise<void> {
  const all = await parts()
  const backend = engine(all)
  const place = document.getElementById('app')
  const welcome = (add: ComponentChildren) => <Welcome backend={backend} lab={all.lab} add={add} />
  if (place !== null) render(<App backend={backend} welcome={welcome} />, place)
  // For the console: `await whyrst.view('cause:close-unread')`.
  Object.assign(globalThis, { whyrst: backend })
}

begin().catch(fail)

// The page in one file, in a real Chromium without a network: node e2e/edition.mjs PAGE WHYRST FIXTURES [SCREENSHOTS]
// Each test is a sentence; all must pass.

import assert from 'node:assert/strict'
import { appendFileSync, chmodSync, copyFileSync, createReadStream, createWriteStream, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { basename, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { spawnSync } from 'node:child_process'
import { gzipSync } from 'node:zlib'
import { chromium } from 'playwright-core'
import { launch, open, scratch, serve } from './browser.mjs'

const [file, program, fixtures, screenshots] = process.argv.slice(2)
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const folder = scratch()
const page = pathToFileURL(file).href
const shot = (on, name) => (screenshots ? on.screenshot({ path: join(screenshots, `${name}.png`) }) : undefined)

/** A Chromium in a network of its own, which has no way out, not even to this host. */
const cut = join(folder.path, 'chromium')
writeFileSync(cut, `#!/bin/sh
exec unshare --user --map-current-user --net /usr/bin/chromium "$@"
`)
chmodSync(cut, 0o755)
const browser = await chromium.launch({ executablePath: cut, args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'] })
const tests = []
const test = (sentence, run) => tests.push([sentence, run])

/** The page from its file; `end` holds that it complained of nothing and asked for nothing. */
async function edition(options = {}, query = '') {
  const opened = await open(browser, page + query, options)
  const { page: at, complaints, asked, close } = opened
  at.setDefaultTimeout(60_000)
  await at.locator('.empty').waitFor()
  const end = async () => {
    assert.deepEqual(complaints, [])
    const outside = asked.filter((url) => !url.startsWith('data:') && !url.startsWith('blob:') && url !== page + query)
    assert.deepEqual(outside, [])
    await close()
  }
  return { page: at, end }
}

const drop = (at, files) => at.locator('.top input[type=file]').setInputFiles(files)
const overviewOf = (at) => at.evaluate(() => globalThis.whyrst.overview())
/** So many sources are there, and all of them were read or failed. */
async function settled(at, wanted) {
  for (const began = Date.now(); ;) {
    const { sources } = await overviewOf(at)
    if (sources.length === wanted && sources.every(({ state }) => state === 'done' || state === 'failed')) return
    assert.ok(Date.now() - began < 300_000, JSON.stringify(sources.map(({ name, state }) => [name, state])))
    await at.waitForTimeout(50)
  }
}
const rows = (at) => at.locator('.line[id^=row-]:has(.ends)')
async function ready(at) {
  await at.locator('.tabs button').nth(1).click()
  await rows(at).first().waitFor()
}

/** No serious or critical violation. axe is put in by the browser, not by the page, so the page's policy stays. */
async function accessible(at, what) {
  await at.evaluate(AXE)
  const { violations } = await at.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }))
  const bad = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
  assert.deepEqual(bad.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map(({ html }) => html.slice(0, 160)).join(' | ')}`), [], what)
}

const SOME = ['close-unread', 'connect-abandoned', 'linger-zero', 'closed-port', 'injected-rst', 'request-too-large', 'early-answer']
/** Fixtures under names of their own: a browser knows no folders. */
function copied(names, ends = ['client']) {
  const copies = join(folder.path, 'captures')
  mkdirSync(copies, { recursive: true })
  return names.flatMap((name) => ends.map((end) => {
    const copy = join(copies, `${name}-${end}.pcapng`)
    copyFileSync(join(fixtures, name, `${end}.pcapng`), copy)
    return copy
  }))
}

test('captures that are dropped are explained, whatever they are packed in, and nothing is asked of anybody', async () => {
  const { page: at, end } = await edition()
  assert.match(await at.locator('.empty').innerText(), /drop a capture onto this page/u)
  const [first, second, third, fourth] = copied(SOME)
  const packed = join(folder.path, 'second.pcapng.gz')
  writeFileSync(packed, gzipSync(readFileSync(second)))
  const text = join(folder.path, 'printed.txt')
  writeFileSync(text, spawnSync('tcpdump', ['-nr', third]).stdout)
  const octets = [...readFileSync(fourth)]
  await drop(at, [first, packed, text])
  // As a person does it, with the mouse.
  const data = await at.evaluateHandle((bytes) => {
    const transfer = new DataTransfer()
    transfer.items.add(new File([new Uint8Array(bytes)], 'dropped <b>.pcapng'))
    return transfer
  }, octets)
  await at.dispatchEvent('main', 'dragover', { dataTransfer: data })
  await at.locator('.veil').waitFor()
  await at.dispatchEvent('main', 'drop', { dataTransfer: data })
  await settled(at, 4)
  const { sources } = await overviewOf(at)
  assert.deepEqual(sources.map(({ name, state }) => [name, state]), [
    ['close-unread-client.pcapng', 'done'], ['second.pcapng.gz', 'done'], ['printed.txt', 'done'], ['dropped <b>.pcapng', 'done'],
  ])
  assert.ok(sources.every(({ resets }) => resets > 0), JSON.stringify(sources.map(({ resets }) => resets)))
  assert.match(sources[0].remarks.join(), /^read with [\d.]+ MiB of memory, of at most 512 MiB$/u)
  await ready(at)
  await at.keyboard.press('j')
  await at.locator('.diagram svg').waitFor()
  await end()
})

test('it says what serve says: views, lists, reports, whole connections, the lab beside them, pages of the catalogue', async () => {
  const { page: at, end } = await edition()
  const served = await serve(program)
  const plain = await launch()
  const other = await open(plain, served.url)
  const captures = copied(SOME)
  for (const [number, capture] of captures.entries()) {
    await drop(at, [capture])
    await settled(at, number + 1)
    await drop(other.page, [capture])
    await settled(other.page, number + 1)
  }
  const same = async (what, ask, value) => {
    const asked = (on) => on.evaluate(`(${ask})(${JSON.stringify(value)})`)
    const [here, there] = await Promise.all([asked(at), asked(other.page)])
    assert.deepEqual(here, there, `${what} ${JSON.stringify(value)}`)
    return here
  }
  const strip = '({ generation, ...rest }) => rest'
  for (const q of ['', 'cause:close-unread', '-severity:fault', 'port 8888 and not cause:clos*', 'host:10.77.0.1 linger']) {
    await same('view', '(q) => globalThis.whyrst.view(q)', q)
    for (const order of ['harm', 'newest', 'oldest']) {
      await same('list', `([q, order]) => globalThis.whyrst.page(q, order, 0, 50, null).then(${strip})`, [q, order])
    }
  }
  for (const q of ['casue:x', 'port http', '(port:443', 'time:yesterday']) {
    await same('error', '(q) => globalThis.whyrst.view(q).then(() => "no error", ({ message }) => message.trim())', q)
  }
  const { list } = await same('ids', `() => globalThis.whyrst.page("", "oldest", 0, 50, null).then(${strip})`, null)
  assert.ok(list.length >= SOME.length)
  // The server keeps no more than four of what was dropped.
  const kept = captures.slice(-4).map((capture) => basename(capture))
  for (const { id, cause, source } of list) {
    await same('reset', '(id) => globalThis.whyrst.reset(id)', id)
    if (kept.includes(source)) await same('packets', '(id) => globalThis.whyrst.packets(id, 1000)', id)
    await same('beside', '(id) => globalThis.whyrst.beside(id)', id)
    await same('cause', '(id) => globalThis.whyrst.cause(id)', cause)
  }
  const sources = (remarked) => remarked.sources.map(({ remarks, ...source }) => source)
  assert.deepEqual(sources(await overviewOf(at)), sources(await overviewOf(other.page)))
  await other.close()
  await plain.close()
  served.stop()
  await end()
})

test('every fixture: the page has the records of the program, all of them and no others', async () => {
  const { page: at, end } = await edition()
  const names = readdirSync(fixtures, { withFileTypes: true }).filter((entry) => entry.isDirectory()).map(({ name }) => name)
  const all = names.flatMap((name) => ['client', 'server'].map((side) => [name, side]))
    .filter(([name, side]) => { try { return statSync(join(fixtures, name, `${side}.pcapng`)).size > 0 } catch { return false } })
  const copies = all.flatMap(([name, side]) => copied([name], [side]))
  assert.ok(copies.length > 200, `${copies.length} captures`)
  await drop(at, copies)
  await settled(at, copies.length)
  // The package's test compares lines byte by byte; here they have gone through JSON.parse, on both sides.
  const lines = await at.evaluate(async () => {
    const told = []
    for (let from = 0; ; from += 500) {
      const { list } = await globalThis.whyrst.page('', 'oldest', from, 500, null)
      for (const { id } of list) told.push(JSON.stringify(await globalThis.whyrst.reset(id)))
      if (list.length < 500) return told
    }
  })
  const printed = copies.flatMap((copy) => {
    const words = ['explain', '--quiet', '--format', 'json', '--page', '--all', '--called', basename(copy), copy]
    const { stdout } = spawnSync(program, words, { env: { ...process.env, LC_ALL: 'C.UTF-8' }, maxBuffer: 1 << 28 })
    return stdout.toString().split('\n').filter((line) => /^\{"schema":"whyrst\.(?:reset|failed-connect)\//u.test(line))
  })
  const sorted = (list) => [...list].sort()
  assert.equal(lines.length, printed.length)
  assert.deepEqual(sorted(lines), sorted(printed.map((line) => JSON.stringify(JSON.parse(line)))))
  await end()
})

test('ten bad files at once are named one by one, and what is good among them is explained', async () => {
  const { page: at, end } = await edition()
  const [good] = copied(['close-unread'])
  const whole = readFileSync(good)
  const bad = {
    'notes.txt': 'nothing of a capture', 'empty.pcap': '', 'picture.png': '\x89PNG\r\n\x1a\n0000000000000000',
    'archive.zip': 'PK\x03\x04 and what follows it in an archive', 'page.html': '<!doctype html><p>hello', 'cut-header.pcap': whole.subarray(0, 11),
    'packed.pcap.gz': gzipSync(whole).subarray(0, 60), 'packed.pcap.xz': '\xfd7zXZ\x00\x00\x04abcdefghijkl', 'frame.pcap.zst': '\x28\xb5\x2f\xfd and no frame',
    'random.bin': Buffer.from(Array.from({ length: 5000 }, (_, n) => (n * 7919 + (n >> 3) * 31) & 0xff)),
  }
  const paths = Object.entries(bad).map(([name, content]) => {
    const path = join(folder.path, name)
    writeFileSync(path, typeof content === 'string' ? Buffer.from(content, 'latin1') : content)
    return path
  })
  await drop(at, [...paths, good])
  await settled(at, paths.length + 1)
  const { sources } = await overviewOf(at)
  for (const { name, state, cause } of sources.slice(0, -1)) {
    assert.equal(state, 'failed', name)
    assert.ok(cause.startsWith(`cannot read ${name}`), cause)
  }
  assert.deepEqual([sources.at(-1).state, sources.at(-1).resets], ['done', 1])
  assert.match(await at.locator('.failures').innerText(), /; and 9 other sources failed/u)
  await ready(at)
  await at.keyboard.press('j')
  await at.locator('.diagram svg').waitFor()
  await at.keyboard.press('Escape')
  await at.locator('.source.failed').first().waitFor()
  await shot(at, 'edition-bad')
  await accessible(at, 'bad input')
  await end()
})

test('a capture that is cut is told as far as it goes, and one that changes on the disk says so', async () => {
  const { page: at, end } = await edition()
  const [good] = copied(['request-too-large'])
  const cutShort = join(folder.path, 'cut.pcapng')
  writeFileSync(cutShort, readFileSync(good).subarray(0, -5))
  const changing = join(folder.path, 'changing.pcapng')
  copyFileSync(good, changing)
  await drop(at, [cutShort, changing])
  await settled(at, 2)
  const { sources } = await overviewOf(at)
  assert.match(sources[0].summary.notes.join(), /cut in the middle of frame/u)
  assert.ok(sources[0].resets > 0)
  appendFileSync(changing, 'more')
  const { list } = await at.evaluate(() => globalThis.whyrst.page('source:changing.pcapng', 'oldest', 0, 1, null))
  const told = await at.evaluate((id) => globalThis.whyrst.packets(id, 100).then(() => 'read', ({ message }) => message), list[0].id)
  assert.match(told, /^cannot read this connection again: cannot read changing\.pcapng/u)
  await end()
})

test('a file of a gibibyte is read as a stream, in bounded memory', async () => {
  const { page: at, end } = await edition()
  const path = join(folder.path, 'large.pcap')
  const [good] = copied(['close-unread'])
  const small = join(folder.path, 'small.pcap')
  assert.equal(spawnSync('tcpdump', ['-r', good, '-w', small]).status, 0)
  const capture = readFileSync(small)
  // Frames of another connection, each of 60 KiB, until there is a gibibyte; then the capture's own.
  const record = Buffer.alloc(16 + 61_440)
  record.writeUInt32LE(1_600_000_000, 0)
  record.writeUInt32LE(61_440, 8)
  record.writeUInt32LE(61_440, 12)
  const link = capture.readUInt32LE(20)
  const at0 = link === 1 ? 14 : 0
  if (link === 1) record.writeUInt16BE(0x0800, 16 + 12)
  record[16 + at0] = 0x45
  record.writeUInt16BE(61_440 - at0, 16 + at0 + 2)
  record[16 + at0 + 8] = 64
  record[16 + at0 + 9] = 6
  Buffer.from([10, 0, 0, 1, 10, 0, 0, 2]).copy(record, 16 + at0 + 12)
  record.writeUInt16BE(1_000, 16 + at0 + 20)
  record.writeUInt16BE(2_000, 16 + at0 + 22)
  record[16 + at0 + 32] = 0x50
  record[16 + at0 + 33] = 0x10
  const out = createWriteStream(path)
  const write = (octets) => (out.write(octets) ? undefined : new Promise((resolve) => out.once('drain', resolve)))
  await write(capture.subarray(0, 24))
  for (let octets = 0; octets < 1 << 30; octets += record.length) await write(record)
  await write(capture.subarray(24))
  await new Promise((resolve) => out.end(resolve))
  const began = Date.now()
  await drop(at, [path])
  await settled(at, 1)
  const { sources: [source] } = await overviewOf(at)
  console.log(`     ${statSync(path).size} bytes in ${Date.now() - began} ms: ${source.remarks.join()}`)
  assert.equal(source.resets, 1)
  const [, used] = /^read with ([\d.]+) MiB/u.exec(source.remarks.join()) ?? []
  assert.ok(Number(used) < 64, source.remarks.join())
  await end()
})

test('lines that whyrst printed are shown as they are', async () => {
  const { page: at, end } = await edition()
  const [good] = copied(['close-unread'])
  const lines = join(folder.path, 'kept.jsonl')
  writeFileSync(lines, spawnSync(program, ['explain', '--format', 'json', '--page', good]).stdout + 'and what is none\n')
  await drop(at, [lines])
  await settled(at, 1)
  const { sources: [source] } = await overviewOf(at)
  assert.deepEqual([source.state, source.resets, source.remarks], ['done', 1, ['passed over: 1 line that is nothing a page shows']])
  await end()
})

test('on a static host it works as well, and its policy lets nothing out', async () => {
  const asked = []
  const host = createServer((request, response) => {
    asked.push(request.url)
    response.setHeader('content-type', 'text/html')
    createReadStream(file).pipe(response)
  })
  await new Promise((resolve) => host.listen(0, '127.0.0.1', resolve))
  const plain = await launch()
  const { page: at, complaints, close } = await open(plain, `http://127.0.0.1:${host.address().port}/whyrst.html`)
  await at.locator('.empty').waitFor()
  await drop(at, copied(['close-unread']))
  await settled(at, 1)
  assert.deepEqual(complaints, [])
  const before = asked.length
  const tried = await at.evaluate(async () => {
    const ways = {
      fetch: () => fetch('/out'), beacon: async () => { if (!navigator.sendBeacon('/out', 'x')) throw new Error('refused') },
      socket: () => new Promise((resolve, reject) => { const one = new WebSocket(`ws://${location.host}/out`); one.onopen = resolve; one.onerror = reject }),
      image: () => new Promise((resolve, reject) => { const one = new Image(); one.onload = resolve; one.onerror = reject; one.src = '/out.png' }),
      worker: () => new Promise((resolve, reject) => {
        const script = new Blob(["fetch('http://' + name + '/out').then(() => postMessage('out'), () => postMessage('refused'))"])
        const one = new Worker(URL.createObjectURL(script), { name: location.host })
        one.onmessage = ({ data }) => (data === 'out' ? resolve() : reject())
      }),
    }
    const outcomes = {}
    for (const [name, way] of Object.entries(ways)) outcomes[name] = await way().then(() => 'sent', () => 'refused')
    return outcomes
  })
  // A beacon says only whether it was queued.
  assert.deepEqual({ ...tried, beacon: '' }, { fetch: 'refused', beacon: '', socket: 'refused', image: 'refused', worker: 'refused' })
  await at.waitForTimeout(300)
  assert.deepEqual(asked.slice(before), [])
  await close()
  await plain.close()
  host.close()
})

test('who has no capture at hand is shown an example', async () => {
  const { page: at, end } = await edition()
  await at.getByRole('button', { name: 'show an example' }).click()
  await settled(at, 1)
  await at.getByText('close-unread.pcapng').first().waitFor()
  await at.locator('.issues li').first().waitFor()
  await end()
})

test('it speaks the language of the browser, or the one that is chosen', async () => {
  const { page: at, end } = await edition({ locale: 'zh-CN' })
  assert.equal(await at.locator('html').getAttribute('lang'), 'zh')
  assert.match(await at.locator('.empty').innerText(), /把抓包拖到这个页面上/u)
  await at.getByRole('button', { name: '看一个例子' }).click()
  await settled(at, 1)
  await ready(at)
  await at.keyboard.press('j')
  assert.match(await at.locator('.detail .verdict').first().innerText(), /\p{Script=Han}/u)
  await end()
  const english = await edition({}, '?lang=zh')
  await english.page.getByRole('link', { name: 'English' }).click()
  await english.page.getByText('drop a capture').waitFor()
  await english.page.close()
})

for (const [width, colorScheme, lang] of [[1440, 'light', 'en'], [1440, 'dark', 'zh'], [400, 'dark', 'en'], [400, 'light', 'zh']]) {
  test(`at ${width} pixels, ${colorScheme} ${lang}: nothing is cut off and nobody is kept out`, async () => {
    const { page: at, end } = await edition({ viewport: { width, height: 900 }, colorScheme }, `?lang=${lang}`)
    const name = (what) => `edition-${what}-${width}-${colorScheme}-${lang}`
    const fits = async (what) => assert.equal(await at.evaluate(() => document.documentElement.scrollWidth), width, what)
    await fits('empty')
    await shot(at, name('empty'))
    await accessible(at, 'empty')
    await drop(at, copied(SOME))
    await settled(at, SOME.length)
    await at.locator('.issues li').first().waitFor()
    await fits('issues')
    await shot(at, name('issues'))
    await accessible(at, 'issues')
    await ready(at)
    await rows(at).first().click()
    await at.locator('.detail[aria-busy=false] .diagram svg').waitFor()
    await fits('reset')
    await shot(at, name('reset'))
    await accessible(at, 'reset')
    await at.keyboard.press('?')
    await at.locator('.help').waitFor()
    await shot(at, name('help'))
    await end()
  })
}

// One of them alone while it is being written: WHYRST_ONLY='gibibyte|policy'.
const only = new RegExp(process.env.WHYRST_ONLY ?? '', 'u')
const chosen = tests.filter(([sentence]) => only.test(sentence))
let failed = 0
for (const [sentence, run] of chosen) {
  const began = Date.now()
  try {
    await run()
    console.log(`ok   ${sentence} (${Date.now() - began} ms)`)
  } catch (error) {
    failed += 1
    console.log(`FAIL ${sentence}\n${error.stack}`)
  }
}
await browser.close()
folder.remove()
console.log(`${chosen.length - failed} passed, ${failed} failed`)
// A browser that a failed test left would keep this process.
process.exit(failed === 0 ? 0 : 1)

// The package as it is given away, beside the program: node npm/test.mjs PACKAGE WHYRST FIXTURES
// PACKAGE is what `npm pack` made; it is installed in a folder of its own.

import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { gzipSync } from 'node:zlib'

const [archive, program, fixtures] = process.argv.slice(2)
const folder = mkdtempSync(join(tmpdir(), 'whyrst-npm-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
execFileSync('npm', ['install', '--offline', '--no-audit', '--no-fund', '--silent', archive], { cwd: folder })
// By its name, as a program of a user finds it.
writeFileSync(join(folder, 'entry.js'), "export * from 'whyrst'\n")
const { causes, explain, explainFile, ReadError } = await import(pathToFileURL(join(folder, 'entry.js')).href)

const env = { ...process.env, LC_ALL: 'C.UTF-8' }
/** What the program prints: records, and the incidents that end them. */
function printed(path, ...words) {
  const { stdout } = spawnSync(program, ['explain', '--quiet', '--format', 'json', ...words, path], { env, maxBuffer: 1 << 30 })
  const lines = stdout.toString().split('\n').filter((line) => line !== '')
  const incident = (line) => line.startsWith('{"schema":"whyrst.incident/1"')
  return [lines.filter((line) => !incident(line)), lines.filter(incident).map((line) => JSON.parse(line))]
}
/** The same of the package. */
function told(path, options = {}) {
  const explained = explainFile(path, options)
  const lines = []
  try {
    for (const line of explained.lines()) lines.push(line)
  } catch (error) {
    assert.ok(error instanceof ReadError, error.stack)
  }
  return [lines, explained.incidents()]
}
const same = (path, options, words) => assert.deepEqual(told(path, options), printed(path, ...words), path)

const captures = readdirSync(fixtures, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .flatMap(({ name }) => ['client.pcapng', 'server.pcapng'].map((file) => join(fixtures, name, file)))
  .filter((path) => { try { return readFileSync(path).length > 0 } catch { return false } })
assert.ok(captures.length > 200, `${captures.length} captures`)

let passed = 0
function test(sentence, run) {
  const began = Date.now()
  run()
  passed += 1
  console.log(`ok   ${sentence} (${Date.now() - began} ms)`)
}

test(`${captures.length} fixtures: the lines are the program's to the last byte`, () => {
  for (const path of captures) same(path, {}, [])
})

test('failed connects, Chinese, a filter and the details of a page are those of the program', () => {
  for (const path of captures.filter((_, at) => at % 10 === 0)) {
    same(path, { failedConnects: true }, ['--all'])
    same(path, { language: 'zh' }, ['--lang', 'zh'])
    same(path, { filter: 'port 8888' }, ['--filter', 'port 8888'])
  }
})

test('the kernel\u2019s events join the packets', () => {
  const path = join(fixtures, 'close-unread/client.pcapng')
  const events = join(fixtures, 'close-unread/events.jsonl')
  same(path, { events: readFileSync(events, 'utf8') }, ['--events', events])
})

test('what is packed and what tcpdump printed says the same as in the program', () => {
  for (const path of captures.filter((_, at) => at % 20 === 0)) {
    const packed = join(folder, 'packed.pcapng.gz')
    writeFileSync(packed, gzipSync(readFileSync(path)))
    same(packed, {}, [])
    const text = join(folder, 'printed.txt')
    writeFileSync(text, spawnSync('tcpdump', ['-nr', path]).stdout)
    same(text, {}, [])
  }
  const fixture = readFileSync(captures[0])
  // Whichever of them this machine has; without any the test says so.
  const packers = [['zstd', 'zst'], ['lz4', 'lz4'], ['bzip2', 'bz2']]
  const there = packers.filter(([packer]) => spawnSync(packer, ['--version']).status === 0)
  assert.ok(there.length > 0, 'neither zstd nor lz4 nor bzip2 is here')
  for (const [packer, suffix] of there) {
    const packed = join(folder, `packed.${suffix}`)
    writeFileSync(packed, spawnSync(packer, ['-c'], { input: fixture }).stdout)
    same(packed, {}, [])
  }
})

test('a report has its members, and the reading its numbers', () => {
  const octets = readFileSync(join(fixtures, 'close-unread/client.pcapng'))
  const explained = explain(octets)
  const [report] = [...explained]
  assert.equal(report.source, 'bytes')
  assert.equal(report.verdict.cause, 'close-unread')
  assert.equal(explained.summary().reset_connections, 1)
  assert.deepEqual(explained.notes(), [])
  assert.equal(causes()['close-unread'].id, 'close-unread')
  assert.match(causes('zh')['close-unread'].title, /\p{Script=Han}/u)
})

test('what cannot be read is named, what came before is told, and the next is read', () => {
  const whole = readFileSync(join(fixtures, 'close-unread/client.pcapng'))
  const bad = { 'notes.txt': 'nothing of a capture', 'picture.png': '\x89PNG\r\n\x1a\n0000000000000000', 'empty.pcap': '' }
  for (const [name, text] of Object.entries(bad)) {
    const read = () => [...explain(new TextEncoder().encode(text), { name })]
    assert.throws(read, (error) => error instanceof ReadError && error.file === name && error.message.includes(name))
  }
  const cut = explain(whole.subarray(0, whole.length - 5))
  assert.ok([...cut].length <= 1)
  assert.match(cut.notes().join(), /cut in the middle of frame/u)
  let at = 0
  const failing = {
    read: (most) => {
      if (at > whole.length / 2) throw new Error('the share is gone')
      at += 64
      return whole.subarray(at - 64, Math.min(at, at - 64 + most))
    },
  }
  assert.throws(() => [...explain(failing)], /cannot read reader after frame \d+: the share is gone/u)
  assert.throws(() => explain(whole, { fliter: 'x' }), /fliter/u)
  assert.throws(() => explain(whole, { filter: 'port http' }), /filter/u)
  assert.throws(() => explain('trace.pcap'), TypeError)
  assert.equal([...explain(whole)].length, 1)
})

test('a file is open while it is iterated, and not before, after or where an option is wrong', () => {
  const [path] = captures
  const open = () => readdirSync('/proc/self/fd').length
  const before = open()
  for (let time = 0; time < 20; time += 1) {
    assert.throws(() => explainFile(path, { filter: 'port http' }), /filter/u)
    explainFile(path).summary()
  }
  for (const _ of explainFile(path)) break
  const kept = [explainFile(path), explainFile(path)]
  assert.equal(open(), before)
  const lines = [...kept[0].lines()]
  assert.deepEqual([...kept[1].lines()], lines)
  assert.deepEqual([lines, open()], [printed(path)[0], before])
  const moved = join(folder, 'moved.pcapng')
  writeFileSync(moved, readFileSync(path))
  const reading = explainFile(moved)
  writeFileSync(join(folder, 'other'), readFileSync(path))
  renameSync(join(folder, 'other'), moved)
  assert.throws(() => [...reading], /was replaced while it was read/u)
})

test('its types hold', () => {
  const typed = join(folder, 'typed.ts')
  writeFileSync(typed, `import { explain, explainFile, ReadError, type Report } from 'whyrst'
const reports: Report[] = [...explain(new Uint8Array())]
const causes: string[] = reports.map(({ verdict }) => verdict.cause)
for (const line of explainFile('a.pcap', { language: 'zh' }).lines()) causes.push(line.trim())
// @ts-expect-error: there is no such option
explain(new Uint8Array(), { fliter: 'x' })
export const frame = (error: unknown): number | null => (error instanceof ReadError ? error.frame : null)
`)
  const tsc = new URL('../../whyrst-serve/web/node_modules/.bin/tsc', import.meta.url).pathname
  const words = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2022', typed]
  const { status, stdout } = spawnSync(tsc, words, { cwd: folder })
  assert.equal(status, 0, stdout.toString())
})

console.log(`${passed} passed`)

// The page in a real browser, from end to end: node e2e/run.mjs WHYRST FIXTURES [SCREENSHOTS]
// Each test is a sentence; all must pass.

import assert from 'node:assert/strict'
import { existsSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { launch, open, output, outputIn, scratch, serve } from './browser.mjs'
import { caseTests } from './case.mjs'

const [program, fixtures, screenshots] = process.argv.slice(2)
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const SOME = [
  'close-unread', 'connect-abandoned', 'linger-zero', 'data-after-close', 'closed-port', 'syn-unanswered', 'injected-rst',
  'keepalive-timeout', 'exit-unread', 'half-open-no-listener',
].map((name) => join(fixtures, name, 'client.pcapng'))

const folder = scratch()
const browser = await launch()
const tests = []
const test = (sentence, run) => tests.push([sentence, run])

const rows = (page) => page.locator('.line[id^=row-]:has(.ends)')
/** Each reset is listed. */
async function ready(page) {
  const tab = page.locator('.tabs button').nth(1)
  await tab.waitFor()
  if ((await tab.getAttribute('aria-pressed')) !== 'true') await tab.click()
  await rows(page).first().waitFor()
}
const shot = (page, name) => (screenshots ? page.screenshot({ path: join(screenshots, `${name}.png`) }) : undefined)

/** No serious or critical violation. axe is put in by the browser, not by the page, so the page's policy stays. */
async function accessible(page, what) {
  await page.evaluate(AXE)
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }))
  const bad = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
  const told = bad.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map(({ html }) => html.slice(0, 160)).join(' | ')}`)
  assert.deepEqual(told, [], what)
}

const served = await serve(program, ...SOME)
const own = (asked) => asked.every((url) => url.startsWith(served.origin) || url.startsWith('data:'))

test('the page shows what was read, asks nobody else and breaks no policy', async () => {
  const { page, complaints, asked, close } = await open(browser, served.url)
  await ready(page)
  await page.locator('.totals .number').waitFor()
  assert.ok((await page.locator('.plot canvas').count()) === 1, 'there is no chart')
  assert.ok((await page.locator('.facet li').count()) > 5)
  await rows(page).nth(1).click()
  await page.locator('.ladder svg').waitFor()
  await shot(page, 'light')
  assert.ok(own(asked), asked.join(' '))
  assert.deepEqual(complaints, [])
  await close()
})

test('issues come first, and their numbers are those of their resets', async () => {
  const mixed = await serve(program, ...SOME, join(fixtures, 'rst-after-close', 'client.pcapng'))
  const { page, complaints, close } = await open(browser, mixed.url)
  const issues = page.locator('.issues li')
  await issues.first().waitFor()
  await shot(page, 'issues')
  const benign = page.locator('.issues > .more')
  const before = await issues.count()
  assert.equal(await page.locator('.issues .severity.benign').count(), 0)
  await benign.click()
  assert.ok((await issues.count()) > before, 'nothing benign was folded away')
  const number = async (from) => Number((await from.innerText()).replaceAll(/\D/gu, ''))
  const counts = await Promise.all((await issues.locator('.count b').all()).map(number))
  assert.equal(counts.reduce((sum, one) => sum + one, 0), await number(page.locator('.totals .number')))
  assert.match(await page.locator('.issues .lead').innerText(), /^\d+ of \d+ connections .* ended in a reset\. Most often: /u)
  for (let at = 0; at < counts.length; at += 1) {
    await issues.nth(at).locator('button').click()
    await rows(page).first().waitFor()
    await page.waitForFunction((wanted) => Number(document.querySelector('.totals .number').textContent) === wanted, counts[at])
    assert.equal(await rows(page).count(), counts[at])
    await page.goBack()
    // What is benign is folded away again.
    await benign.click()
    await issues.nth(counts.length - 1).waitFor()
  }
  assert.deepEqual(complaints, [])
  await close()
  mixed.stop()
})

test('the printed address opens the page once, and no other port of the host learns anything', async () => {
  const bare = await serve(program, SOME[0])
  const { page, asked, close } = await open(browser, bare.link)
  await ready(page)
  assert.ok(!page.url().includes('link='), 'the word stays in the address bar')
  assert.ok(asked.every((url) => !url.includes(bare.link.slice(-32))), 'the word was sent in an address')
  await page.reload()
  await ready(page)
  // Another program of this host, on another port: the browser tells it nothing.
  const told = []
  const other = createServer((request, response) => {
    told.push(request.headers.cookie, request.headers.authorization)
    response.end('<!doctype html>')
  })
  await new Promise((resolve) => other.listen(0, '127.0.0.1', resolve))
  await page.goto(`http://127.0.0.1:${other.address().port}/`)
  assert.deepEqual(await page.evaluate(() => [document.cookie, localStorage.length]), ['', 0])
  assert.ok(told.length > 0 && told.every((header) => header === undefined), told.join(' '))
  other.close()
  await close()
  const again = await open(browser, bare.link)
  await again.page.locator('[role=alert]').waitFor()
  assert.match(await again.page.locator('[role=alert]').innerText(), /opens the page once/u)
  await again.close()
  bare.stop()
})

for (const colorScheme of ['light', 'dark']) {
  test(`nothing on it keeps anybody out, ${colorScheme}`, async () => {
    const { page, close } = await open(browser, served.url, { colorScheme })
    await page.locator('.issues li').first().waitFor()
    await accessible(page, 'issues')
    await ready(page)
    await accessible(page, 'list')
    await page.keyboard.press('j')
    await page.locator('.ladder svg').waitFor()
    await shot(page, colorScheme)
    await accessible(page, 'detail')
    await page.locator('.steps .id').first().click()
    await page.locator('.cause-page ol').waitFor()
    await accessible(page, 'cause')
    await page.keyboard.press('?')
    await page.locator('.help').waitFor()
    await accessible(page, 'help')
    await close()
  })
}

test('the keyboard reaches everything', async () => {
  const { page, close } = await open(browser, served.url)
  await ready(page)
  const chosen = () => page.locator('.line.chosen .ends').innerText()
  await page.keyboard.press('j')
  const first = await chosen()
  await page.keyboard.press('j')
  await page.locator('#row-1.chosen').waitFor()
  await page.keyboard.press('k')
  await page.locator('#row-0.chosen').waitFor()
  assert.equal(await chosen(), first)
  await page.locator('.detail[aria-busy=false] .ladder svg').focus()
  const before = await page.locator('.fields dd').first().innerText()
  await page.keyboard.press('ArrowUp')
  await page.waitForFunction((frame) => document.querySelector('.fields dd').textContent !== frame, before)
  await page.keyboard.press('Escape')
  await page.locator('.detail').waitFor({ state: 'detached' })
  await page.keyboard.press('/')
  await page.keyboard.type('cause:linger-zero')
  await page.locator('.chips button').first().waitFor()
  await page.waitForFunction(() => [...document.querySelectorAll('.line .cause')].every((one) => one.title.split(',')[0] === 'linger-zero'))
  await page.keyboard.press('Escape')
  await page.keyboard.press('?')
  await page.locator('.help').waitFor()
  await page.keyboard.press('Escape')
  await page.locator('.help').waitFor({ state: 'detached' })
  await close()
})

test('a packet that is pointed at shows all its fields', async () => {
  const { page, close } = await open(browser, served.url)
  await ready(page)
  await page.keyboard.press('j')
  const rung = page.locator('.rung').first()
  await rung.hover()
  const shown = await page.locator('.fields').innerText()
  for (const field of ['frame', 'time', 'flags', 'seq', 'ack', 'length', 'window', 'options', 'TTL']) {
    assert.ok(shown.includes(field), `${field} is not among ${shown}`)
  }
  assert.ok((await page.locator('.rung.marked').count()) > 0, 'no packet is marked')
  await close()
})

test('Back leads from a reset to the list, and from there to the issues', async () => {
  const { page, close } = await open(browser, served.url)
  await page.locator('.issues li').first().waitFor()
  for (const choose of [() => rows(page).first().click(), () => page.keyboard.press('j')]) {
    await ready(page)
    await choose()
    await page.locator('.detail .ladder svg').waitFor()
    await page.goBack()
    await page.locator('.detail').waitFor({ state: 'detached' })
    await rows(page).first().waitFor()
    await page.goBack()
    await page.locator('.issues li').first().waitFor()
  }
  await close()
})

test('facets narrow the list, and their numbers are those of the list', async () => {
  const { page, close } = await open(browser, served.url)
  await ready(page)
  const facet = page.locator('.broad .facet[aria-label=Cause] li button').first()
  const wanted = await facet.locator('.number').innerText()
  await facet.click()
  await page.waitForFunction((number) => document.querySelector('.totals .number')?.textContent === number, wanted)
  assert.equal(await facet.getAttribute('aria-pressed'), 'true')
  await page.goBack()
  await page.waitForFunction((number) => document.querySelector('.totals .number')?.textContent !== number, wanted)
  await close()
})

test('a filter that cannot be read is an error, and no answer to another question', async () => {
  const { page, close } = await open(browser, served.url)
  await ready(page)
  const type = async (text) => {
    await page.locator('.filter input[type=search]').fill(text)
    await page.locator('.filter .problem').waitFor()
    return page.locator('.filter .problem').innerText()
  }
  assert.match(await type('casue:linger-zero'), /did you mean cause:/u)
  await page.locator('.filter input[type=search]').fill('port:8888 or port:80')
  await page.locator('.filter .problem').waitFor({ state: 'detached' })
  await page.waitForFunction(() => document.querySelector('.chips').textContent.includes('(port:8888 or port:80)'))
  const facet = page.locator('.broad .facet[aria-label=Cause] li button').first()
  const wanted = await facet.locator('.number').innerText()
  await facet.click()
  await page.waitForFunction((number) => document.querySelector('.totals .number')?.textContent === number, wanted)
  assert.match(await type('port:8888 or'), /a term is missing/u)
  await close()
})

test('a reset begins with what is certain, and says what decides the rest', async () => {
  const { page, close } = await open(browser, `${served.url}#q=cause:close-unread+confidence:possible`)
  await ready(page)
  await page.keyboard.press('j')
  const steps = page.locator('.detail .steps li')
  await steps.first().waitFor()
  assert.match(await steps.first().innerText(), /^certain\s+an open connection was aborted/u)
  assert.match(await page.locator('.detail .steps .verdict').innerText(), /^possible\s.*close-unread$/su)
  assert.ok((await page.locator('.detail .told.decide code').first().innerText()).startsWith('sudo whyrst watch --port '))
  assert.equal(await page.locator('.line.chosen .family').innerText(), 'aborted')
  await close()
})

test('a link opens the same view', async () => {
  const { page, close } = await open(browser, served.url)
  await ready(page)
  await page.locator('.broad .facet[aria-label=Confidence] li button').first().click()
  await rows(page).nth(2).click()
  await page.locator('.detail .verdict').waitFor()
  const [link, sentence] = [page.url(), await page.locator('.detail .verdict').innerText()]
  await close()
  const again = await open(browser, served.url + new URL(link).hash)
  await again.page.locator('.detail .verdict').waitFor()
  assert.equal(await again.page.locator('.detail .verdict').innerText(), sentence)
  assert.equal(await again.page.locator('.chips li').count(), 1)
  await again.page.locator('.line.chosen').waitFor()
  await again.close()
})

test('at 400 pixels nothing is cut off and one reset has the whole screen', async () => {
  const { page, close } = await open(browser, served.url, { viewport: { width: 400, height: 800 } })
  await page.locator('.issues li').first().waitFor()
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 400)
  await shot(page, 'narrow-issues')
  await accessible(page, 'narrow issues')
  await ready(page)
  const wide = () => page.evaluate(() => document.documentElement.scrollWidth)
  assert.equal(await wide(), 400)
  await shot(page, 'narrow')
  await accessible(page, 'narrow list')
  await rows(page).first().click()
  await page.locator('.ladder svg').waitFor()
  assert.equal(await wide(), 400)
  const { x, y, width } = await page.locator('aside').boundingBox()
  assert.deepEqual([x, y, width], [0, 0, 400])
  const overflow = await page.locator('aside').evaluate((one) => one.scrollWidth - one.clientWidth)
  assert.equal(overflow, 0)
  await shot(page, 'narrow-reset')
  await page.locator('.close').click()
  await page.locator('.detail').waitFor({ state: 'detached' })
  await close()
})

test('a dropped capture is explained, and other pages hear of it', async () => {
  const bare = await serve(program)
  const { page, complaints, close } = await open(browser, bare.url)
  const other = await open(browser, bare.url)
  await page.getByText('drop a capture').waitFor()
  const octets = [...readFileSync(SOME[2])]
  const data = await page.evaluateHandle((bytes) => {
    const transfer = new DataTransfer()
    transfer.items.add(new File([new Uint8Array(bytes)], 'dropped <b>.pcapng'))
    return transfer
  }, octets)
  await page.dispatchEvent('main', 'dragover', { dataTransfer: data })
  await page.locator('.veil').waitFor()
  await page.dispatchEvent('main', 'drop', { dataTransfer: data })
  await ready(page)
  await ready(other.page)
  await other.page.getByText('dropped <b>.pcapng').first().waitFor()
  assert.deepEqual(complaints, [])
  await close()
  await other.close()
  bare.stop()
})

/** Texts of the page, and what it tells who cannot see it, that have English words and no Chinese ones. */
const english = (page) => page.evaluate(() => {
  // What is typed or searched for is the same in every language; so is what came out of packets.
  const same = 'code, .cited, .mono, .id, .cause, .ends, .what, .chips, .legend, .name, .source h2, .when, .told-by, q, .story, .facts dd, .fields dd, .help dt, .extent'
  const kept = /^(whyrst|seq|ack|TSval|TTL|DSCP, ECN|IP ID|RST|Wireshark|tshark|Markdown|tcpdump|\u2264 [\d.]+ [KMGT]iB)$/u
  const own = (element) => element.closest(same) === null && !element.closest('.facet li')?.querySelector('.dot')
  const found = []
  const look = (text, element) => {
    if (/[A-Za-z]{3}/u.test(text) && !/\p{Script=Han}/u.test(text) && !kept.test(text.trim()) && own(element)) found.push(text.trim())
  }
  const walker = document.createTreeWalker(document.getElementById('app'), NodeFilter.SHOW_TEXT)
  while (walker.nextNode()) look(walker.currentNode.textContent, walker.currentNode.parentElement)
  for (const element of document.querySelectorAll('[aria-label], [title], [placeholder]')) {
    for (const name of ['aria-label', 'placeholder']) look(element.getAttribute(name) ?? '', element)
    if (element.matches('button:not(.facet li button)')) look(element.title, element)
  }
  return found.filter((text) => !text.includes('/client.pcapng'))
})

test('in Chinese nothing is left in English but what is typed as it is', async () => {
  const chinese = await serve(program, '--lang', 'zh', ...SOME)
  const { page, complaints, close } = await open(browser, chinese.url)
  await page.locator('.issues li').first().waitFor()
  assert.deepEqual(await english(page), [], 'issues')
  await accessible(page, 'issues in Chinese')
  await shot(page, 'issues-chinese')
  await ready(page)
  assert.equal(await page.locator('html').getAttribute('lang'), 'zh')
  assert.deepEqual(await english(page), [], 'list')
  await page.keyboard.press('j')
  await page.locator('.ladder svg').waitFor()
  assert.deepEqual(await english(page), [], 'detail')
  for (const fact of ['阶段', '由谁发出', '丢失', '报文']) {
    assert.match(await page.locator(`.facts > div:has(dt:text-is("${fact}")) dd`).first().innerText(), /\p{Script=Han}/u)
  }
  await shot(page, 'chinese')
  await accessible(page, 'detail in Chinese')
  await page.locator('.steps .id').first().click()
  await page.locator('.cause-page ol').waitFor()
  assert.deepEqual(await english(page), [], 'cause')
  await page.keyboard.press('?')
  await page.locator('.help').waitFor()
  assert.deepEqual(await english(page), [], 'help')
  await page.keyboard.press('Escape')
  await page.keyboard.press('/')
  await page.keyboard.type('service:nonsense')
  await page.locator('.filter .problem').waitFor()
  assert.match(await page.locator('.filter .problem').innerText(), /\p{Script=Han}/u)
  assert.deepEqual(complaints.filter((text) => !text.includes('400')), [])
  await close()
  chinese.stop()
})

test('a file that is no capture is said by its name, and does not take the place of what is looked at', async () => {
  const bare = await serve(program)
  const { page, close } = await open(browser, bare.url)
  const drop = async (name, octets) => {
    const transfer = await page.evaluateHandle(([called, bytes]) => {
      const data = new DataTransfer()
      data.items.add(new File([new Uint8Array(bytes)], called))
      return data
    }, [name, [...octets]])
    await page.dispatchEvent('main', 'drop', { dataTransfer: transfer })
  }
  await drop('good.pcapng', readFileSync(SOME[0]))
  await ready(page)
  await page.keyboard.press('j')
  await page.locator('.ladder svg').waitFor()
  await drop('notes.txt', Buffer.from('printed by tcpdump'))
  await page.locator('.failures').waitFor()
  assert.match(await page.locator('.failures').innerText(), /cannot read notes\.txt: not a capture/u)
  assert.equal(await page.locator('.ladder svg').count(), 1)
  await page.locator('.failures button').click()
  await page.locator('.failures').waitFor({ state: 'detached' })
  await close()
  bare.stop()
})

test('a recording that says so says why', async () => {
  const empty = join(folder.path, 'no.pcap')
  writeFileSync(empty, 'no capture at all')
  const bad = await serve(program, empty)
  const { page, close } = await open(browser, bad.url)
  await page.locator('.source.failed .problem').waitFor()
  assert.match(await page.locator('.source.failed .problem').innerText(), /no\.pcap/u)
  await close()
  bad.stop()
})

test('a report opens from its file, asks for nothing, and says the same as the server', async () => {
  const file = join(folder.path, 'report.html')
  await output(program, 'explain', '--all', '--fold', 'never', '--format', 'html', '-o', file, ...SOME)
  const { page, complaints, asked, close } = await open(browser, `file://${file}`)
  await ready(page)
  await page.keyboard.press('j')
  await page.locator('.ladder svg').waitFor()
  await page.locator('.steps .id').first().click()
  await page.locator('.cause-page ol').waitFor()
  await accessible(page, 'report')
  await shot(page, 'report')
  assert.deepEqual(asked.filter((url) => !url.startsWith('data:')), [`file://${file}`])
  assert.deepEqual(complaints, [])
  const live = await open(browser, served.url)
  for (const q of [
    '', 'cause:close-unread', '-severity:fault', 'service::8888 confidence:likely', 'host:10.77.0.1 linger', '-close',
    'cause:closed-port cause:linger-zero severity:fault', 'port 8888 and not (cause:clos* or cause:linger-zero)',
    'cause:closed-port or severity:attack', 'net 10.77.0.0/31', '10.77.0.9', '10.77.0', '-(confidence:likely or close) host:10.77.0.1/32',
    'by:server family:aborted', '"cause:closed-port"', 'cause:*-*t* -source:"*"', '::1 or fd77::/16', 'not not cause:closed-port',
    'port 8888 or 80', 'tcp port (80 or 8888) and not udp', 'portrange 8000-9000', 'port:8000-9000 -port:1-7', 'net 10.77', 'net 10 or 192.168',
    'net 10.77.0.0 mask 255.255.0.0 and ip', 'ip6', 'src and dst net 10.77.0.0/16', 'src or dst host 10.77.0.1', 'host 10.77.0.1 and host 10.77.0.2',
    'port 8888 or port 1 and port 2', 'port 8888 or (port 1 and port 2)', 'cause:closed-port and cause:linger-zero', 'port(80 or 8888)&&!cause:closed-port',
    '(cause:closed-port or cause:linger-zero) cause:closed-port', 'cause:closed-port or cause:linger-zero or port 1',
  ]) {
    for (const order of ['harm', 'newest', 'oldest']) {
      const ask = ([text, by]) =>
        Promise.all([globalThis.whyrst.view(text), globalThis.whyrst.page(text, by, 0, 50, null)])
          .then(([view, { rows: all, list }]) => ({ view, all, list }))
      assert.deepEqual(await page.evaluate(ask, [q, order]), await live.page.evaluate(ask, [q, order]), `${q} ${order}`)
    }
  }
  for (const q of [
    'casue:x', 'severity:fautl', 'family:abort', 'port http', 'port', 'host', 'port 80-70', 'tcp and host foo', 'net 300', 'net 10.0.0.0 mask 255.0.255.0',
    'service:nonsense', 'host:10.0.0.0/33', '80', 'vlan 5 and tcp', 'tcp[13] & 4 != 0', 'src tcp', 'less many', 'less 100', 'icmp',
    'src host 10.0.0.1', 'trace(1).pcap', '(port:443', 'port:443)', 'port:443 or', 'or port:443', '('.repeat(200), 'time:yesterday', 'constructor:x',
  ]) {
    const ask = (text) => globalThis.whyrst.view(text).then(() => 'no error', ({ message }) => message.trim())
    assert.equal(await page.evaluate(ask, q), await live.page.evaluate(ask, q), q)
    assert.notEqual(await page.evaluate(ask, q), 'no error', q)
  }
  await close()
  await live.close()
})

test('a report of a hundred resets is less than 1.7 megabytes', async () => {
  const all = readdirSync(fixtures, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  // Their names stand in every line: as one who sits beside them would give them, wherever the checkout is.
  const captures = all.map(({ name }) => join(name, 'client.pcapng')).filter((path) => existsSync(join(fixtures, path)))
  const file = join(folder.path, 'hundred.html')
  const resets = () => readFileSync(file, 'utf8').split('\n').filter((line) => line.startsWith('{"schema":"whyrst.reset/1"')).length
  // Each of another cause: the worst case, for each brings its page of the catalogue.
  for (let some = 90; some <= captures.length; some += 5) {
    await outputIn(fixtures, program, 'explain', '--fold', 'never', '--format', 'html', '-o', file, ...captures.slice(0, some))
    if (resets() >= 100) break
  }
  assert.ok(resets() >= 100, `only ${resets()} resets`)
  assert.ok(statSync(file).size < 1_700_000, `${statSync(file).size} octets for ${resets()} resets`)
})

test('a map says who resets whom where there are more than three services', async () => {
  const { page, close } = await open(browser, `file://${join(folder.path, 'hundred.html')}`)
  await page.locator('.map line').first().waitFor()
  assert.ok((await page.locator('.map line').count()) > 3)
  await accessible(page, 'map')
  await page.locator('.map').scrollIntoViewIfNeeded()
  await shot(page, 'map')
  const pair = page.locator('.map .pairs button').first()
  const wanted = await pair.locator('b').innerText()
  await pair.click()
  await page.waitForFunction((number) => document.querySelector('.totals .number')?.textContent === number, wanted)
  await close()
  const few = await open(browser, served.url)
  await few.page.locator('.issues li').first().waitFor()
  assert.equal(await few.page.locator('.map').count(), 0)
  await few.close()
})

caseTests(test, { browser, program, fixtures, folder, shot, accessible, rows, ready })

// One of them alone while it is being written: WHYRST_ONLY='to scale|whole'.
const only = new RegExp(process.env.WHYRST_ONLY ?? '', 'u')
let failed = 0
for (const [sentence, run] of tests.filter(([sentence]) => only.test(sentence))) {
  const began = Date.now()
  try {
    await run()
    console.log(`ok   ${sentence} (${Date.now() - began} ms)`)
  } catch (error) {
    failed += 1
    console.log(`FAIL ${sentence}\n${error.stack}`)
  }
}
served.stop()
await browser.close()
folder.remove()
console.log(`${tests.filter(([sentence]) => only.test(sentence)).length - failed} passed, ${failed} failed`)
// A server that a failed test left would keep this process.
process.exit(failed === 0 ? 0 : 1)

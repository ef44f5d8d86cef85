// The page of one case: its packets to scale, the whole connection, what is open, the lab beside it, and the ways out.

import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { open, output, serve } from './browser.mjs'

/** A connection of so many packets that ends in a RST, as a pcap file: data from the client, each acknowledged. */
function longCapture(path, packets) {
  const [client, server] = [[10, 9, 0, 1], [10, 9, 0, 2]]
  const records = []
  let [seq, clock] = [1_000, 0]
  const add = (fromClient, flags, number, ack, length) => {
    const frame = Buffer.alloc(54 + length)
    frame.writeUInt16BE(0x0800, 12)
    frame[14] = 0x45
    frame.writeUInt16BE(40 + length, 16)
    frame.writeUInt16BE(records.length + 1, 18)
    frame[22] = 64
    frame[23] = 6
    Buffer.from(fromClient ? [...client, ...server] : [...server, ...client]).copy(frame, 26)
    frame.writeUInt16BE(fromClient ? 40_000 : 80, 34)
    frame.writeUInt16BE(fromClient ? 80 : 40_000, 36)
    frame.writeUInt32BE(number, 38)
    frame.writeUInt32BE(ack, 42)
    frame[46] = 0x50
    frame[47] = flags
    frame.writeUInt16BE(64_000, 48)
    const head = Buffer.alloc(16)
    clock += 400
    head.writeUInt32LE(1_700_000_000 + Math.trunc(clock / 1e6), 0)
    head.writeUInt32LE(clock % 1e6, 4)
    head.writeUInt32LE(frame.length, 8)
    head.writeUInt32LE(frame.length, 12)
    records.push(head, frame)
  }
  const [SYN, ACK, PSH, RST] = [2, 16, 8, 4]
  add(true, SYN, seq, 0, 0)
  add(false, SYN | ACK, 5_000, seq + 1, 0)
  seq += 1
  add(true, ACK, seq, 5_001, 0)
  for (let at = 0; at < (packets - 4) / 2; at += 1) {
    add(true, PSH | ACK, seq, 5_001, 10)
    seq += 10
    add(false, ACK, 5_001, seq, 0)
  }
  add(false, RST | ACK, 5_001, seq, 0)
  const head = Buffer.alloc(24)
  head.writeUInt32LE(0xa1b2c3d4, 0)
  head.writeUInt16LE(2, 4)
  head.writeUInt16LE(4, 6)
  head.writeUInt32LE(65_535, 16)
  head.writeUInt32LE(1, 20)
  writeFileSync(path, Buffer.concat([head, ...records]))
}

export function caseTests(test, { browser, program, fixtures, folder, shot, accessible, rows, ready }) {
  const fixture = (name, file = 'client.pcapng') => join(fixtures, name, file)
  /** The case page of the first reset of these files. */
  const caseOf = async (files, options = {}, words = []) => {
    const served = await serve(program, ...words, ...files)
    const opened = await open(browser, served.url, options)
    await ready(opened.page)
    await rows(opened.page).first().click()
    await opened.page.locator('.detail[aria-busy=false] .diagram svg').waitFor()
    const close = async () => {
      await opened.close()
      served.stop()
    }
    return { ...opened, served, close }
  }
  const points = (path) => [...path.matchAll(/([ML])([\d.-]+) ([\d.-]+)/gu)].map(([, , x, y]) => [Number(x), Number(y)])

  test('packets slant as far as the fastest answer allows, and silence breaks the axis', async () => {
    const { page, complaints, close } = await caseOf([fixture('idle-timeout-reset')])
    const [from, to] = points(await page.locator('.diagram #band-0 .arrow').first().getAttribute('d'))
    assert.ok(to[1] - from[1] > 10, `a SYN that takes 5 ms is drawn level: ${from} ${to}`)
    assert.match(await page.locator('.diagram .break').textContent(), /^5\.2 s of silence$/u)
    assert.match(await page.locator('.diagram > .note').innerText(), /at most 5\.\d ms to the server/u)
    // To scale: a SYN-ACK that came 10 ms after the SYN stands twice as low as one that came after 5 ms would.
    const ticks = await page.locator('.diagram .tick').allTextContents()
    assert.ok(ticks.some((text) => text.startsWith('10.')) && ticks.some((text) => text.endsWith(' s')), ticks.join())
    assert.deepEqual(complaints, [])
    await shot(page, 'case')
    await close()
  })

  test('no packet slants where no answer says how long the way is', async () => {
    const { page, close } = await caseOf([fixture('close-unread', 'live.jsonl')])
    const [from, to] = points(await page.locator('.diagram .band-of.rst .arrow').getAttribute('d'))
    assert.equal(from[1], to[1])
    // What the host told stands beside the lines: call, reason, queue, and what the other program got.
    const told = await page.locator('.diagram .told-by').allTextContents()
    for (const wanted of ['close()', 'TCP_ABORT_ON_CLOSE', '904 B unread', 'ECONNRESET', 'ESTABLISHED']) {
      assert.ok(told.includes(wanted), `${wanted} is not among ${told}`)
    }
    await shot(page, 'case-live')
    await accessible(page, 'case from sockets')
    await close()
  })

  test('a RST that came back too soon for the other end begins on the way', async () => {
    const { page, close } = await caseOf([fixture('policy-reset')])
    assert.ok((await page.locator('.diagram .made').count()) > 0, 'every RST begins at an end')
    assert.match(await page.locator('.diagram > .note').innerText(), /made on the way/u)
    await close()
  })

  test('a closed window is marked, and what was sent again looks different', async () => {
    const { page, close } = await caseOf([fixture('reader-stalled')])
    assert.ok((await page.locator('.diagram .closed').count()) > 0)
    assert.ok((await page.locator('.diagram .band-of.zero').count()) > 0)
    assert.ok((await page.locator('.diagram .band-of.again').count()) > 0)
    await close()
  })

  test('the keyboard goes from band to band, unfolds a burst and zooms', async () => {
    const { page, close } = await caseOf([fixture('close-unread')])
    const picture = page.locator('.diagram svg')
    await picture.focus()
    await page.keyboard.press('Home')
    assert.equal(await picture.getAttribute('aria-activedescendant'), 'band-0')
    assert.match(await page.locator('#band-0').getAttribute('aria-label'), /from the client: SYN seq 0, frame 1$/u)
    const bands = () => page.locator('.diagram [role=option]').count()
    const before = await bands()
    for (let at = 0; at < before && (await page.locator('.rung.chosen .burst').count()) === 0; at += 1) {
      await page.keyboard.press('ArrowDown')
    }
    await page.keyboard.press('Enter')
    await page.waitForFunction((known) => document.querySelectorAll('.diagram [role=option]').length > known, before)
    const height = () => picture.evaluate((one) => one.clientHeight)
    const low = await height()
    await page.keyboard.press('+')
    await page.waitForFunction((known) => document.querySelector('.diagram svg').clientHeight > known, low)
    await close()
  })

  test('the whole connection is there when it is asked for, and all three views show it', async () => {
    const { page, complaints, close } = await caseOf([fixture('request-too-large')])
    assert.match(await page.locator('.whole .note').innerText(), /^1[12] of \d+ packets$/u)
    await page.getByRole('button', { name: 'show the whole connection' }).click()
    await page.getByText(/^all \d+ packets$/u).waitFor()
    assert.equal(await page.locator('.diagram .hidden-packets').count(), 0)
    const total = Number(/\d+/u.exec(await page.locator('.whole .note').innerText())[0])
    await page.getByRole('button', { name: 'line by line' }).click()
    assert.equal(await page.locator('.rung').count(), total)
    await page.getByRole('button', { name: 'sequence numbers' }).click()
    await page.locator('.sequence svg').waitFor()
    assert.ok((await page.locator('.sequence .sent').count()) > 3)
    assert.ok((await page.locator('.sequence .reset').count()) >= 1)
    await shot(page, 'case-sequence')
    await accessible(page, 'sequence')
    assert.deepEqual(complaints, [])
    await close()
  })

  test('of a long connection as many packets are shown as the limit says, and the rest is counted', async () => {
    const path = join(folder.path, 'long.pcap')
    longCapture(path, 12_004)
    const { page, close } = await caseOf([path])
    await page.getByRole('button', { name: /^show up to 1.000$/u }).click()
    await page.getByText(/^1.000 of 12.004 packets$/u).waitFor()
    await page.getByRole('button', { name: /^show up to 5.000$/u }).click()
    await page.getByText(/^5.000 of 12.004 packets, the limit$/u).waitFor()
    assert.ok((await page.locator('.diagram [role=option]').count()) < 120, 'bursts are not folded')
    assert.match(await page.locator('.diagram .hidden-packets').textContent(), /^7.004 more packets$/u)
    assert.equal(await page.locator('.whole button').count(), 0)
    await shot(page, 'case-long')
    await close()
  })

  test('a dropped capture shows whole connections too, and a recording says why it cannot', async () => {
    const { page, close } = await caseOf([fixture('close-unread', 'live.jsonl')])
    assert.equal(await page.locator('.whole').count(), 0)
    await close()
    const lines = join(folder.path, 'kept.jsonl')
    writeFileSync(lines, await output(program, 'explain', '--format', 'json', '--page', fixture('request-too-large')))
    const kept = await caseOf([lines])
    await kept.page.getByRole('button', { name: 'show the whole connection' }).click()
    await kept.page.locator('.ladder [role=alert]').waitFor()
    assert.match(await kept.page.locator('.ladder [role=alert]').innerText(), /its packets are not here/u)
    await kept.close()
  })

  test('what is open stands beside what would show it, and one command that tells most apart', async () => {
    const { page, close } = await caseOf([fixture('close-unread')])
    const table = page.locator('.open-table')
    assert.ok((await table.locator('tbody tr').count()) > 6)
    assert.ok((await table.locator('.yes').count()) >= 7)
    assert.match(await page.locator('.decide .one').innerText(), /sudo whyrst watch --port 8888/u)
    assert.match(await page.locator('.decide').innerText(), /tells 7 of 7 apart/u)
    await table.locator('a').first().click()
    await page.locator('.cause-page ol').waitFor()
    await close()
  })

  test('the lab stands beside it row by row, the same as the terminal says', async () => {
    const { page, close } = await caseOf([fixture('close-unread')])
    const rowsOf = page.locator('.beside tbody tr')
    await rowsOf.first().waitFor()
    assert.equal(await page.locator('.beside .different, .beside .only-yours, .beside .only-lab').count(), 0)
    assert.match(await page.locator('.beside').innerText(), /every packet is like the lab/u)
    assert.match(await page.locator('.beside .unknown').innerText(), /not asked.*TCP_ABORT_ON_CLOSE/su)
    const told = await output(program, 'explain', '--beside-lab', fixture('close-unread'))
    assert.match(told, /beside the lab's run of close-unread: A server forks/u)
    const marks = told.split('\n').filter((line) => /^ [=+?-]  /u.test(line) || line.startsWith('!='))
    assert.equal(marks.length, await rowsOf.count())
    await close()
    const other = await caseOf([fixture('request-too-large')])
    await other.page.locator('.beside').waitFor()
    await other.close()
  })

  test('the last words of each end are quoted with their frames', async () => {
    const { page, close } = await caseOf([fixture('early-answer')])
    const words = page.locator('.told.words')
    assert.deepEqual(await words.locator('q').allInnerTexts(), ['POST /upload HTTP/1.1', 'HTTP/1.1 413 Content Too Large'])
    const frame = await words.locator('.frame').last().innerText()
    await words.locator('.frame').last().click()
    await page.waitForFunction((wanted) => document.querySelector('.fields dd').textContent === wanted, frame)
    await close()
  })

  test('a case leaves by link, by command and as Markdown, also where there is no clipboard', async () => {
    const { page, close } = await caseOf([fixture('close-unread')])
    await page.evaluate(() => {
      globalThis.taken = []
      Object.defineProperty(navigator, 'clipboard', { value: undefined })
      document.execCommand = (what) => {
        globalThis.taken.push(what === 'copy' ? document.activeElement.value : what)
        return true
      }
    })
    await page.locator('.ways summary').click()
    for (const one of await page.locator('.ways .copy').all()) await one.click()
    const taken = await page.evaluate(() => globalThis.taken)
    assert.ok(taken[0].startsWith('http://') && taken[0].includes('#reset='), taken[0])
    assert.ok(!taken[0].includes('token'), taken[0])
    for (const wanted of [/^tshark -r .* -Y 'ip\.addr/u, /^tcpdump -nn -r /u, /^tcpdump .* -w connection\.pcap/u, /^whyrst explain --filter/u, /^### 10\.77/u]) {
      assert.ok(taken.some((text) => wanted.test(text)), `${wanted} is not among ${taken}`)
    }
    assert.match(await page.locator('.ways .copy').first().innerText(), /copied/u)
    await page.evaluate(() => {
      document.execCommand = () => false
    })
    await page.locator('.decide .copy').first().click()
    await page.getByText('lets no page copy here').waitFor()
    await close()
  })

  test('the case on the whole page keeps its address, and Back leads to the list beside it', async () => {
    const { page, close } = await caseOf([fixture('close-unread')])
    await page.keyboard.press('f')
    await page.locator('.wide-detail').waitFor()
    assert.ok(page.url().includes('wide=1'))
    assert.equal(await page.locator('main').isVisible(), false)
    await shot(page, 'case-wide')
    await accessible(page, 'case on the whole page')
    await page.goBack()
    await rows(page).first().waitFor()
    await close()
  })

  for (const [width, colorScheme, words] of [[1440, 'dark', []], [1024, 'light', ['--lang', 'zh']], [400, 'light', []], [400, 'dark', ['--lang', 'zh']]]) {
    test(`a case at ${width} pixels, ${colorScheme} ${words.at(-1) ?? 'en'}: nothing cut, nobody kept out`, async () => {
      const { page, close } = await caseOf([fixture('reader-stalled')], { viewport: { width, height: 900 }, colorScheme }, words)
      const over = await page.locator('aside').evaluate((one) => one.scrollWidth - one.clientWidth)
      assert.equal(over, 0)
      await accessible(page, 'case')
      // No label of the picture ends outside of it.
      const outside = await page.locator('.diagram svg').evaluate((svg) => {
        const frame = svg.getBoundingClientRect()
        return [...svg.querySelectorAll('text')].filter((text) => {
          const { left, right } = text.getBoundingClientRect()
          return left < frame.left - 1 || right > frame.right + 1
        }).map((text) => text.textContent)
      })
      assert.deepEqual(outside, [])
      await shot(page, `case-${width}-${colorScheme}`)
      await close()
    })
  }

  test('a case is printed whole, without what is only for the screen', async () => {
    const { page, close } = await caseOf([fixture('reader-stalled')])
    await page.emulateMedia({ media: 'print' })
    const cut = await page.locator('aside').evaluate((one) => one.scrollHeight - one.clientHeight)
    assert.ok(cut <= 1, `${cut} pixels are cut`)
    assert.equal(await page.locator('main').isVisible(), false)
    assert.equal(await page.locator('.copy').first().isVisible(), false)
    const pages = (await page.pdf({ format: 'A4' })).toString('latin1').match(/\/Type\s*\/Page\b/gu) ?? []
    assert.ok(pages.length > 1, `${pages.length} pages`)
    await close()
  })

  test('a server that is gone is named, and the open case stays', async () => {
    const { page, served, close } = await caseOf([fixture('request-too-large'), fixture('close-unread')])
    served.stop()
    await page.getByText('the server does not answer').first().waitFor()
    await page.getByRole('button', { name: 'show the whole connection' }).click()
    await page.locator('.ladder [role=alert]').waitFor()
    assert.match(await page.locator('.ladder [role=alert]').innerText(), /the server does not answer/u)
    assert.equal(await page.locator('.diagram svg').count(), 1)
    await close()
  })

  test('a frame number of nine digits is not cut', async () => {
    const lines = join(folder.path, 'far.jsonl')
    const text = await output(program, 'explain', '--format', 'json', '--page', fixture('close-unread'))
    writeFileSync(lines, text.replaceAll('"frame":12,', '"frame":123456789,'))
    const { page, close } = await caseOf([lines], { viewport: { width: 400, height: 900 } })
    await page.getByRole('button', { name: 'line by line' }).click()
    const cut = await page.locator('.ladder svg').evaluate((svg) => {
      const frame = svg.getBoundingClientRect()
      return [...svg.querySelectorAll('.frame')].some((one) => one.getBoundingClientRect().left < frame.left)
    })
    assert.equal(cut, false)
    await close()
  })
}

// How the page does with very many resets: node e2e/many.mjs WHYRST FILE
// Prints what each step took in the browser, and fails when one is slow to the eye.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { launch, open, serve } from './browser.mjs'

const [program, file] = process.argv.slice(2)
const served = await serve(program, file)
const browser = await launch()
const { page, complaints } = await open(browser, `${served.url}#show=resets`)
page.setDefaultTimeout(600_000)
const ask = (path) => page.evaluate((address) => {
  const headers = { authorization: `Bearer ${localStorage.getItem('whyrst-token')}` }
  return fetch(address, { headers }).then((answer) => answer.text())
}, path)

async function timed(what, work) {
  const began = performance.now()
  await work()
  const took = performance.now() - began
  console.log(`${took.toFixed(0).padStart(7)} ms  ${what}`)
  return took
}

await timed('until all is read', async () => {
  for (;;) {
    const { sources } = JSON.parse(await ask('/api/overview'))
    if (sources.length > 0 && sources.every(({ state }) => state === 'done' || state === 'failed')) return
    await page.waitForTimeout(200)
  }
})
const { rows } = JSON.parse(await ask('/api/overview'))
console.log(`        ${rows} rows, server's memory ${/VmRSS:\s+(\d+)/u.exec(readFileSync(`/proc/${served.pid}/status`, 'utf8'))[1]} KiB`)

await timed('counts, facets and series of all', () => ask('/api/view?q='))
await timed('the same of a filter', () => ask('/api/view?q=-cause%3Aclose-unread%208080'))
await timed('rows, sorted anew', () => ask('/api/resets?q=10.&order=newest'))
await timed('rows further down, same order', () => ask('/api/resets?q=10.&order=newest&offset=90000'))

const list = page.locator('.list')
const shown = () => page.locator('.line[id^=row-]:has(.ends)').first().waitFor()
await timed('the page, opened anew', async () => {
  await page.reload()
  await shown()
})
await timed('to the end of the list', async () => {
  await list.evaluate((element) => { element.scrollTop = element.scrollHeight })
  await page.locator(`#row-${rows - 1}:has(.ends)`).waitFor()
})
await timed('one reset opened there', async () => {
  await page.locator(`#row-${rows - 1}`).click()
  await page.locator('.detail .verdict').waitFor()
})
await timed('a facet chosen', async () => {
  const before = await page.locator('.totals .number').innerText()
  await page.locator('.broad .facet[aria-label=Cause] li button').nth(2).click()
  await page.waitForFunction((text) => document.querySelector('.totals .number').textContent !== text, before)
})
const lines = await page.locator('.line').count()
assert.ok(lines < 200, `${lines} lines exist at once`)
assert.deepEqual(complaints, [])
const frames = await page.evaluate(async () => {
  const element = document.querySelector('.list')
  const times = []
  for (let at = 0; at < 60; at += 1) {
    element.scrollTop = at * 900
    const began = performance.now()
    await new Promise((next) => requestAnimationFrame(() => setTimeout(next)))
    times.push(performance.now() - began)
  }
  return times.sort((one, other) => one - other)
})
console.log(`        scrolling: median ${frames[30].toFixed(0)} ms, 95th percentile ${frames[57].toFixed(0)} ms a step`)
await browser.close()
served.stop()

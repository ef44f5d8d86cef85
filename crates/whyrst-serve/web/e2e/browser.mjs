// A real Chromium, a real `whyrst serve`, and what both have to say.

import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { chromium } from 'playwright-core'

const FLAGS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync',
]

export const launch = () => chromium.launch({ executablePath: '/usr/bin/chromium', args: FLAGS })

// One server for each test.
process.setMaxListeners(100)

/** The word of each server's first address, until it is used; and its token from then on. */
const words = new Map()
const tokens = new Map()

/** What a program does that asks: the word is good for one token, which all contexts of a test share. */
async function token(origin) {
  if (!tokens.has(origin)) {
    const headers = { authorization: `Bearer ${words.get(origin)}` }
    const answer = await fetch(`${origin}/api/session`, { method: 'POST', headers })
    tokens.set(origin, (await answer.json()).token)
  }
  return tokens.get(origin)
}

/** A page, everything that it complained of, and every address that it asked. */
export async function open(browser, url, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1400, height: 900 }, ...options })
  const { origin, hash } = new URL(url)
  if (words.has(origin) && !hash.startsWith('#link=')) {
    await context.addInitScript((known) => localStorage.setItem('whyrst-token', known), await token(origin))
  }
  const page = await context.newPage()
  page.setDefaultTimeout(15_000)
  const complaints = []
  const asked = []
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(String(error)))
  page.on('request', (request) => asked.push(request.url()))
  await page.goto(url)
  return { page, complaints, asked, close: () => context.close() }
}

/** English, whoever runs the tests. */
const env = { ...process.env, LC_ALL: 'C.UTF-8' }

/** `whyrst serve` with these arguments; `stop` ends it. */
export async function serve(program, ...args) {
  const child = spawn(program, ['serve', '--quiet', ...args], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  const link = await new Promise((resolve, reject) => {
    createInterface(child.stdout).once('line', resolve)
    child.once('exit', (code) => reject(new Error(`whyrst serve ended with ${code}`)))
  })
  // Whatever happens to a test, nothing of it stays.
  process.once('exit', () => child.kill())
  const { origin, hash } = new URL(link)
  words.set(origin, hash.slice('#link='.length))
  return { url: `${origin}/`, link, origin, pid: child.pid, stop: () => child.kill('SIGINT') }
}

/** Runs a program to its end and gives what it printed. */
export const output = (program, ...args) => outputIn(undefined, program, ...args)

/** The same, in a folder. */
export function outputIn(cwd, program, ...args) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'ignore'] })
    const parts = []
    child.stdout.on('data', (part) => parts.push(part))
    child.once('error', reject)
    child.once('close', () => resolve(Buffer.concat(parts).toString()))
  })
}

export function scratch() {
  const path = mkdtempSync(join(tmpdir(), 'whyrst-e2e-'))
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}

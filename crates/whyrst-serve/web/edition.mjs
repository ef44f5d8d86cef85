// Puts the page in one file together: node edition.mjs BUILT WASM LAB INTO
// BUILT has what vite.edition.js makes; LAB the lab's runs, a line of JSON each.

import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'

const [built, wasm, lab, into] = process.argv.slice(2)
const text = (name) => readFileSync(join(built, name), 'utf8')
const [script, style, worker] = [text('edition.js'), text('edition.css'), text('worker.js')]
const packed = (path) => gzipSync(readFileSync(path), { level: 9 }).toString('base64')
const hash = (content) => `'sha256-${createHash('sha256').update(content).digest('base64')}'`

for (const [name, content, end] of [['edition.js', script, '</script'], ['worker.js', worker, '</script'], ['edition.css', style, '</style']]) {
  if (content.includes(end) || content.includes('<!--')) throw new Error(`${name} ends the element that it stands in`)
}

// Nothing is loaded from anywhere and nothing is sent: what runs is this script, WebAssembly, and workers made of what
// stands in the page.
const policy = [
  "default-src 'none'", `script-src ${hash(script)} 'wasm-unsafe-eval'`, 'worker-src blob:', `style-src ${hash(style)}`,
  'img-src data:', "connect-src 'none'", "base-uri 'none'", "form-action 'none'",
].join('; ')

writeFileSync(into, `<!doctype html>
<html lang="en" data-speaks="any">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>whyrst</title>
<style>${style}</style>
</head>
<body>
<div id="app"></div>
<noscript>This page reads captures in your browser, and needs JavaScript for it.</noscript>
<script type="text/plain" id="wasm">${packed(wasm)}</script>
<script type="text/plain" id="lab">${packed(lab)}</script>
<script type="text/plain" id="worker">${worker}</script>
<script>${script}</script>
</body>
</html>
`)

// One page for two homes: served by `whyrst serve`, or a file that `explain --format html` wrote.

import { render } from 'preact'
import { App } from './app'
import { local } from './local'
import { remote } from './remote'
import './style.css'

const data = document.getElementById('data')
const place = document.getElementById('app')

// The token has become a cookie: nobody should copy it from the address bar or find it in the history.
if (data === null && location.search !== '') {
  history.replaceState(null, '', location.pathname + location.hash)
}
const backend = data === null ? remote : local(data.textContent ?? '')
if (place !== null) render(<App backend={backend} />, place)
// For the console: `await whyrst.view('cause:close-unread')`.
Object.assign(globalThis, { whyrst: backend })

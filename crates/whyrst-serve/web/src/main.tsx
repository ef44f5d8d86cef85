// One page for two homes: served by `whyrst serve`, or a file that `explain --format html` wrote. A third, the page with
// the program in it, is edition.tsx.

import { render } from 'preact'
import { App } from './app'
import { local } from './local'
import { remote } from './remote'
import { enter } from './session'
import './style.css'

const data = document.getElementById('data')
const place = document.getElementById('app')

const backend = data === null ? remote : local(data.textContent ?? '')
const show = () => {
  if (place !== null) render(<App backend={backend} />, place)
}
// Who cannot be let in is told so by the first answer.
if (data === null) void enter().then(show, show)
else show()
// For the console: `await whyrst.view('cause:close-unread')`.
Object.assign(globalThis, { whyrst: backend })

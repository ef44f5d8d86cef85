// Where the WebAssembly is: beside this file.

import { closeSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs'

export const wasm = () => readFileSync(new URL('whyrst_bg.wasm', import.meta.url))

/**
 * A file, a piece at a time. After `rest` it holds no descriptor until it is read on: whoever never iterates keeps nothing
 * open. What is no regular file, such as a pipe, cannot be opened twice and stays open.
 */
export function fileSource(path) {
  let [file, at] = [openSync(path, 'r'), 0]
  const first = fstatSync(file)
  const close = () => {
    if (file !== null) closeSync(file)
    file = null
  }
  const open = () => {
    file = openSync(path, 'r')
    const { dev, ino } = fstatSync(file)
    if (dev === first.dev && ino === first.ino) return
    close()
    throw new Error(`${path} was replaced while it was read`)
  }
  const read = (most) => {
    if (file === null) open()
    const into = new Uint8Array(most)
    const count = readSync(file, into, 0, most, first.isFile() ? at : null)
    at += count
    return into.subarray(0, count)
  }
  return { read, close, rest: () => { if (first.isFile()) close() } }
}

// Where the WebAssembly is: beside this file.

import { closeSync, openSync, readFileSync, readSync } from 'node:fs'

export const wasm = () => readFileSync(new URL('whyrst_bg.wasm', import.meta.url))

/** A file, a piece at a time. */
export function fileSource(path) {
  const file = openSync(path, 'r')
  return {
    read: (most) => {
      const into = new Uint8Array(most)
      return into.subarray(0, readSync(file, into))
    },
    close: () => closeSync(file),
  }
}

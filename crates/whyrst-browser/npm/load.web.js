// Where the WebAssembly is: beside this file, which bundlers understand as well.

export async function wasm() {
  const answer = await fetch(new URL('whyrst_bg.wasm', import.meta.url))
  if (!answer.ok) throw new Error(`cannot load whyrst_bg.wasm: ${answer.status} ${answer.statusText}`)
  return answer.arrayBuffer()
}

export function fileSource() {
  throw new TypeError('a browser opens no paths: give explain() the File, in a worker')
}

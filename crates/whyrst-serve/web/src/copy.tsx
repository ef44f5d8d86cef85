// Something to be copied: where the browser lets no page write to the clipboard (it does on localhost and over HTTPS
// alone), by the old way, and where that fails as well it says so.

import { useState } from 'preact/hooks'
import { pick } from './language'

export async function copied(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    return selected(text)
  }
}

/** What pages did before there was a clipboard for them. */
function selected(text: string): boolean {
  const area = document.createElement('textarea')
  area.value = text
  area.setAttribute('readonly', '')
  area.className = 'hidden'
  document.body.append(area)
  area.select()
  try {
    return document.execCommand('copy')
  } catch {
    return false
  } finally {
    area.remove()
  }
}

/** A button that copies `text`, and says whether it did. */
export function Copy({ text, name }: { text: string; name?: string }) {
  const [done, setDone] = useState<boolean | null>(null)
  const copy = () => void copied(text).then(setDone)
  const state = done === null ? (name ?? pick('copy', '复制')) : done
    ? pick('copied', '已复制') : pick('this browser lets no page copy here: select it', '此浏览器不允许页面复制：请选中后复制')
  return <button type="button" class="copy" onClick={copy} aria-live="polite">{state}</button>
}

/** A command and the button that copies it. */
export function Copied({ text }: { text: string }) {
  return <><code>{text}</code> <Copy text={text} /></>
}

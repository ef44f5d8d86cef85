// A reset beside the lab's recorded run of its cause: equal and different rows marked, by a sign and not by colour
// alone.

import { useEffect, useState } from 'preact/hooks'
import { Copied } from './copy'
import { pick } from './language'
import { Text } from './text'
import type { Backend, Beside as Answer, Comparison } from './types'

const SIGNS: Record<Comparison, string> = {
  'equal': '=', 'different': '\u2260', 'only-yours': '+', 'only-lab': '\u2212', 'unknown': '?',
}
const NAMES: Record<Comparison, string> = {
  'equal': pick('equal', '相同'), 'different': pick('different', '不同'), 'only-yours': pick('only yours', '仅您有'),
  'only-lab': pick('only the lab has it', '仅实验有'), 'unknown': pick('not known', '不得而知'),
}

export function Beside({ backend, id }: { backend: Backend; id: string }) {
  const [answer, setAnswer] = useState<Answer | null>(null)
  const [problem, setProblem] = useState<string | null>(null)
  useEffect(() => {
    let wanted = true
    backend.beside(id).then(
      (one) => wanted && setAnswer(one),
      (error: Error) => wanted && setProblem(error.message),
    )
    return () => {
      wanted = false
    }
  }, [backend, id])
  if (problem !== null) return <p class="note">{problem}</p>
  if (answer === null) return null
  const different = answer.packets.filter(({ comparison }) => comparison !== 'equal').length
  return (
    <section class="beside" aria-label={pick('beside the lab', '与实验对照')}>
      <h3>{pick('yours beside the lab\u2019s run of ', '您的与实验对照：')}<code>{answer.scenario}</code>{' '}
        {answer.packets.length > 0 && <span class="note">{different === 0
          ? pick('every packet is like the lab\u2019s', '每个报文都与实验相同')
          : pick(`${different} of ${answer.packets.length} rows differ`, `${answer.packets.length} 行中有 ${different} 行不同`)}</span>}</h3>
      <p class="note"><span class="story">{answer.story}</span>{answer.mirrored && pick(
        ' In the lab the other end sends the RST: its rows are turned round.', ' 实验中由另一端发出 RST：这里已调换。')}</p>
      <table>
        <thead><tr><th scope="col"><span class="hidden">{pick('comparison', '异同')}</span></th>
          <th scope="col">{pick('yours', '您的')}</th><th scope="col">{pick('the lab\u2019s', '实验的')}</th></tr></thead>
        <tbody>
          {answer.packets.map(({ comparison, from, yours, lab, differs }, at) => (
            <tr key={at} class={comparison}>
              <Sign comparison={comparison} />
              <td class="mono">{yours !== null && <><i>{arrow(from)}</i> {yours}</>}
                {differs.map((text) => <small key={text}>{text}</small>)}</td>
              <td class="mono">{lab !== null && <><i>{arrow(from)}</i> {lab}</>}</td>
            </tr>
          ))}
          {answer.signs.map(({ comparison, yours, lab }) => (
            <tr key={lab} class={comparison}>
              <Sign comparison={comparison} /><td><Text>{yours}</Text></td><td><Text>{lab}</Text></td>
            </tr>
          ))}
        </tbody>
      </table>
      <p class="note">{pick('see it happen: ', '亲自重现：')}<Copied text={`whyrst lab run ${answer.scenario}`} /></p>
    </section>
  )
}

const arrow = (from: string | null) => (from === null ? '\u2026' : from === 'client' ? '\u2192' : '\u2190')

function Sign({ comparison }: { comparison: Comparison }) {
  const name = NAMES[comparison]
  return (
    <td class="sign" title={name}>
      <span aria-hidden="true">{SIGNS[comparison]}</span><span class="hidden">{name}</span>
    </td>
  )
}

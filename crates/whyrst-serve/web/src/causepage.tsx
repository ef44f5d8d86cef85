// One page of the catalogue.

import { useEffect, useState } from 'preact/hooks'
import { Page } from './causelink'
import { pick } from './language'
import { Text } from './text'
import type { CauseReport } from './records'
import type { Backend } from './types'

interface Props {
  backend: Backend
  id: string
  close(): void
  open(id: string): void
}

export function CausePage({ backend, id, close, open }: Props) {
  const [cause, setCause] = useState<CauseReport | null>(null)
  const [problem, setProblem] = useState<string | null>(null)
  useEffect(() => {
    let wanted = true
    setCause(null)
    setProblem(null)
    backend.cause(id).then(
      (one) => wanted && setCause(one),
      (error: Error) => wanted && setProblem(error.message),
    )
    return () => {
      wanted = false
    }
  }, [backend, id])
  return (
    <article class="detail cause-page" aria-label={pick(`the cause ${id}`, `原因 ${id}`)} aria-busy={cause === null && problem === null}>
      <button type="button" class="close" onClick={close} aria-label={pick('close (escape)', '关闭（Esc）')}>{'\u00d7'}</button>
      <header><h2 class="id">{id}</h2></header>
      {problem !== null && <p class="problem">{problem}</p>}
      {cause !== null && (
        <>
          <p class="verdict">{cause.title}</p>
          <p><Text>{cause.explanation}</Text></p>
          <h3>{pick('What the programs see', '程序看到什么')}</h3>
          <p><Text>{cause.effect}</Text></p>
          <h3>{pick('What Linux says', 'Linux 内核怎么说')}</h3>
          <p><Text>{cause.kernel}</Text></p>
          {cause.confirm !== '' && <h3>{pick('What proves it outside of a capture', '抓包之外如何证实')}</h3>}
          {cause.confirm !== '' && <p><Text>{cause.confirm}</Text></p>}
          <h3>{pick('How it is recognised', '如何判定')}</h3>
          <ul>{cause.recognised.map(({ role, text }) => <li key={role + text}><em>{role}</em> <Text>{text}</Text></li>)}</ul>
          {cause.told_apart.length > 0 && <h3>{pick('What looks like it', '容易混淆的原因')}</h3>}
          <ul>
            {cause.told_apart.map(({ cause: other, by }) => <li key={other}><Page id={other} open={open} /> <Text>{by}</Text></li>)}
          </ul>
          <h3>{pick('What to do', '如何处理')}</h3>
          <ol>{cause.advice.map((step) => <li key={step}><Text>{step}</Text></li>)}</ol>
          <h3>{pick('See it happen', '如何复现')}</h3>
          <p class="mono">{cause.reproduction}</p>
          <h3>{pick('Sources', '来源')}</h3>
          <ul class="cited">{cause.sources.map((source) => <li key={source}>{source}</li>)}</ul>
        </>
      )}
    </article>
  )
}

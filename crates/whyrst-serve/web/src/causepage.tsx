// One page of the catalogue.

import { useEffect, useState } from 'preact/hooks'
import { Page } from './detail'
import { Text } from './text'
import type { Backend, Cause } from './types'

interface Props {
  backend: Backend
  id: string
  close(): void
  open(id: string): void
}

export function CausePage({ backend, id, close, open }: Props) {
  const [cause, setCause] = useState<Cause | null>(null)
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
    <article class="detail cause-page" aria-label={`the cause ${id}`} aria-busy={cause === null && problem === null}>
      <button type="button" class="close" onClick={close} aria-label="close (escape)">{'\u00d7'}</button>
      <header><h2 class="id">{id}</h2></header>
      {problem !== null && <p class="problem">{problem}</p>}
      {cause !== null && (
        <>
          <p class="verdict">{cause.title}</p>
          <p><Text>{cause.explanation}</Text></p>
          <h3>What the programs see</h3>
          <p><Text>{cause.effect}</Text></p>
          <h3>What Linux says</h3>
          <p><Text>{cause.kernel}</Text></p>
          <h3>How it is recognised</h3>
          <ul>{cause.recognised.map(({ role, text }) => <li key={role + text}><em>{role}</em> <Text>{text}</Text></li>)}</ul>
          {cause.told_apart.length > 0 && <h3>What looks like it</h3>}
          <ul>
            {cause.told_apart.map(({ cause: other, by }) => <li key={other}><Page id={other} open={open} /> <Text>{by}</Text></li>)}
          </ul>
          <h3>What to do</h3>
          <ol>{cause.advice.map((step) => <li key={step}><Text>{step}</Text></li>)}</ol>
          <h3>See it happen</h3>
          <p class="mono">{cause.reproduction}</p>
          <h3>Sources</h3>
          <ul>{cause.sources.map((source) => <li key={source}>{source}</li>)}</ul>
        </>
      )}
    </article>
  )
}

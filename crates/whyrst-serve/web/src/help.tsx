// Keys and the language of filters.

import { useEffect, useRef } from 'preact/hooks'

const KEYS: [string, string][] = [
  ['j, k', 'next and previous reset'],
  ['enter', 'open the reset'],
  ['escape', 'close it, leave the filter'],
  ['/', 'filter'],
  ['up, down', 'from packet to packet in the ladder'],
  ['t', 'light or dark'],
  ['?', 'this help'],
]

const FILTERS: [string, string][] = [
  ['10.0.0.2', 'that text anywhere in the line'],
  ['service:10.0.0.2:443', 'also service:10.0.0.2 or service::443'],
  ['peer:10.0.0.1', 'the client'],
  ['host:10.0.0.1', 'either end; port:443 likewise'],
  ['cause:close-unread cause:linger-zero', 'one or the other'],
  ['-severity:benign', 'all but these'],
  ['confidence:certain', 'also origin:, phase:, kind:, ending:, process:, name:, source:'],
  ['time:A..B', 'between two times in UTC; dragging over the chart writes it'],
]

export function Help({ close, live }: { close(): void; live: boolean }) {
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => {
    dialog.current?.showModal()
  }, [])
  return (
    <dialog ref={dialog} class="help" aria-label="keys and filters" onClose={close}
      onClick={(event) => event.target === dialog.current && close()}>
      <button type="button" class="close" onClick={close} aria-label="close">{'\u00d7'}</button>
      <h2>Keys</h2>
      <Table rows={KEYS} />
      <h2>Filters</h2>
      <Table rows={FILTERS} />
      {live && <p class="note">Captures dropped onto the page are explained by this server and deleted then.</p>}
    </dialog>
  )
}

function Table({ rows }: { rows: [string, string][] }) {
  return <dl>{rows.map(([key, what]) => <div key={key}><dt>{key}</dt><dd>{what}</dd></div>)}</dl>
}

// Who this page is to the server: a token, which the word behind # in the printed address brings once.
//
// It goes into a header of each request and never into a cookie, which a browser would send to every port of the host.
// The storage is that of the origin (scheme, host and port), shared by the tabs of one browser; the token in it lives
// as long as the server.

const KEY = 'whyrst-token'

/** Exchanges the word for the token. Takes it out of the address; in the history it is worth nothing any more. */
export async function enter(): Promise<void> {
  const hash = new URLSearchParams(location.hash.slice(1))
  const word = hash.get('link')
  if (word === null) return
  hash.delete('link')
  history.replaceState(null, '', `${location.pathname}#${hash}`)
  const answer = await fetch('/api/session', { method: 'POST', headers: { authorization: `Bearer ${word}` } })
  if (!answer.ok) return // this browser may have been let in before
  const { token } = (await answer.json()) as { token: string }
  localStorage.setItem(KEY, token)
}

/** What each request says. */
export const authorization = (): { authorization: string } => ({ authorization: `Bearer ${localStorage.getItem(KEY) ?? ''}` })

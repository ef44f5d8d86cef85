// Filters in words: `key:value` must hold, several of one key are alternatives, `-key:value` must not
// hold, any other word must appear. The server reads the same language (src/query.rs).

export interface Term {
  key: string | null
  value: string
  negative: boolean
}

export const KEYS = [
  'family', 'cause', 'mechanism', 'reason', 'service', 'peer', 'process', 'name', 'severity', 'confidence', 'source',
  'origin', 'ending', 'by', 'phase', 'kind', 'host', 'port', 'time',
]

/** Words apart by blanks; what stands in double quotes is one, or belongs to one. */
export function terms(text: string): Term[] {
  const words: string[] = []
  let word = ''
  let quoted = false
  for (const character of text) {
    if (character === '"') quoted = !quoted
    else if (/\s/u.test(character) && !quoted) {
      words.push(word)
      word = ''
    } else word += character
  }
  words.push(word)
  return words.filter((one) => one !== '').map(term)
}

function term(word: string): Term {
  const negative = word.length > 1 && word.startsWith('-')
  const body = negative ? word.slice(1) : word
  const colon = body.indexOf(':')
  const key = body.slice(0, Math.max(colon, 0))
  const value = body.slice(colon + 1)
  return KEYS.includes(key) && value !== '' ? { key, value, negative } : { key: null, value: body, negative }
}

export function words(all: Term[]): string {
  return all
    .map(({ key, value, negative }) => {
      const body = key === null ? value : `${key}:${value}`
      return `${negative ? '-' : ''}${/\s/u.test(body) ? `"${body}"` : body}`
    })
    .join(' ')
}

export function has(text: string, key: string, value: string): boolean {
  return terms(text).some((one) => one.key === key && one.value === value && !one.negative)
}

/** Adds a term, or takes it away when it is there. */
export function toggled(text: string, key: string, value: string): string {
  const all = terms(text)
  const rest = all.filter((one) => !(one.key === key && one.value === value && !one.negative))
  return words(rest.length < all.length ? rest : [...all, { key, value, negative: false }])
}

/** The same, with this as the only term of its key. */
export function replaced(text: string, key: string, value: string | null): string {
  const rest = terms(text).filter((one) => one.key !== key)
  return words(value === null ? rest : [...rest, { key, value, negative: false }])
}

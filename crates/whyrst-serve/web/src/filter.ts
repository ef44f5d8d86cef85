// Filters in words, as the server reads them (src/filter.rs): terms side by side must all hold, several of one key are
// alternatives; `and`, `or`, `not` and parentheses join them otherwise.

import { pick } from './language'

export interface Term {
  key: string | null
  value: string
  negative: boolean
  /** Terms that `or` or parentheses join, as they were written: no term of one key. */
  group?: boolean
}

export const KEYS = [
  'family', 'cause', 'mechanism', 'reason', 'service', 'peer', 'process', 'name', 'severity', 'confidence', 'source',
  'origin', 'ending', 'by', 'phase', 'kind', 'host', 'port', 'time',
]

/** As tcpdump has them: `port 443`. */
const SPACED: Record<string, string> = { port: 'port', host: 'host', net: 'host' }
const DEEPEST = 20

export type Expression =
  | { is: 'term'; key: string; value: string; literal: boolean }
  | { is: 'text'; text: string }
  | { is: 'not'; one: Expression }
  | { is: 'all' | 'any'; of: Expression[] }

type Token = { is: '(' | ')' | 'or' | 'and' | 'not' } | { is: 'word'; text: string; quotedFrom: number | null }
/** Where in the text it stands. */
type Placed = Token & { from: number; to: number }

function tokens(text: string): Placed[] {
  const all: Placed[] = []
  let [word, quoted, start] = ['', false, 0]
  let quotedFrom: number | null = null
  const end = (to: number) => {
    const place = { from: start, to }
    const operator = quotedFrom === null ? OPERATORS[word] : undefined
    if (operator !== undefined) all.push({ is: operator, ...place })
    else if (word !== '') all.push({ is: 'word', text: word, quotedFrom, ...place })
    ;[word, quotedFrom] = ['', null]
  }
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at] ?? ''
    const begins = word === '' && quotedFrom === null
    if (begins) start = at
    const place = { from: at, to: at + 1 }
    if (character === '"') {
      quoted = !quoted
      quotedFrom ??= word.length
    } else if (quoted) {
      if (character === '\\' && /["\\]/u.test(text[at + 1] ?? '')) at += 1
      word += text[at] ?? ''
    } else if (/\s/u.test(character)) end(at)
    else if (character === '(' && begins) all.push({ is: '(', ...place })
    else if (character === ')') {
      end(at)
      all.push({ is: ')', ...place })
    } else if (begins && (character === '!' || (character === '-' && /\S/u.test(text[at + 1] ?? ' ')))) all.push({ is: 'not', ...place })
    else word += character
  }
  end(text.length)
  return all
}

const OPERATORS: Record<string, 'or' | 'and' | 'not'> = { 'or': 'or', '||': 'or', 'and': 'and', '&&': 'and', 'not': 'not' }

/** What the whole text asks for; `null` where it asks for nothing. */
export function parse(text: string): Expression | null {
  const all = tokens(text)
  let [at, depth] = [0, 0]
  const takes = (is: Token['is']) => all[at]?.is === is && (at += 1) > 0
  const fail = (english: string, chinese: string): never => {
    throw new Error(pick(english, chinese))
  }
  const missing = () => fail('a term is missing at the end of the filter, or before )', '过滤条件的末尾或 ) 之前缺少一项')
  const within = <T>(read: () => T): T => {
    depth += 1
    if (depth > DEEPEST) fail(`more than ${DEEPEST} parentheses within each other`, `括号嵌套超过 ${DEEPEST} 层`)
    const inner = read()
    depth -= 1
    return inner
  }
  const any = (): Expression => {
    const of = [every()]
    while (takes('or')) of.push(every())
    return of.length === 1 ? of[0]! : { is: 'any', of }
  }
  const every = (): Expression => {
    const of = [one()]
    for (;;) {
      const joined = takes('and')
      const next = all[at]?.is
      if (!joined && (next === undefined || next === 'or' || next === ')')) break
      of.push(one())
    }
    return of.length === 1 ? of[0]! : { is: 'all', of }
  }
  const one = (): Expression => {
    const token = all[at]
    if (token === undefined) return missing()
    at += 1
    switch (token.is) {
      case 'not': return { is: 'not', one: within(one) }
      case '(': {
        const inner = within(any)
        return takes(')') ? inner : fail('a parenthesis has no other half', '括号不成对')
      }
      case ')': return depth > 0 ? missing() : fail('a parenthesis has no other half', '括号不成对')
      case 'word': {
        const spaced = token.quotedFrom === null ? SPACED[token.text] : undefined
        const next = all[at]
        if (spaced !== undefined && next?.is === 'word') {
          at += 1
          return { is: 'term', key: spaced, value: next.text, literal: next.quotedFrom !== null }
        }
        return term(token.text, token.quotedFrom)
      }
      default: return fail(`a term is missing before ${token.is}`, `${token.is} 之前缺少一项`)
    }
  }
  if (all.length === 0) return null
  const whole = any()
  return at < all.length ? fail('a parenthesis has no other half', '括号不成对') : whole
}

function term(text: string, quotedFrom: number | null): Expression {
  const literal = quotedFrom !== null
  if (quotedFrom === 0) return { is: 'text', text: text.toLowerCase() }
  if (isEnd(text)) return { is: 'term', key: 'host', value: text, literal }
  const colon = text.indexOf(':')
  const [key, value] = [text.slice(0, Math.max(colon, 0)), text.slice(colon + 1)]
  if (key === '' || value === '') return { is: 'text', text: text.toLowerCase() }
  if (KEYS.includes(key)) return { is: 'term', key, value, literal }
  if (!/^[a-z]+$/iu.test(key)) return { is: 'text', text: text.toLowerCase() }
  throw new Error(pick(
    `there is no key ${key}: did you mean ${nearest(key)}:? Put it in double quotes to search for that text`,
    `没有 ${key} 这个键：是指 ${nearest(key)}: 吗？要按文字搜索，请放在双引号里`,
  ))
}

/** An address, several that begin with the same bits, an address and a port, or a port. */
export function isEnd(text: string): boolean {
  const port = /^:(\d{1,5})$/u.exec(text) ?? /^(?:\d+\.\d+\.\d+\.\d+|\[[0-9a-f:.]+\]):(\d{1,5})$/iu.exec(text)
  if (port) return Number(port[1]) < 65_536 && (text.startsWith(':') || bits(text.slice(0, text.lastIndexOf(':')).replace(/^\[|\]$/gu, '')) !== null)
  const [address = '', prefix] = text.split('/')
  const own = bits(address)
  return own !== null && (prefix === undefined || (/^\d{1,3}$/u.test(prefix) && Number(prefix) <= own.length))
}

/** The bits of an address; `null` where it is none. */
export function bits(address: string): string | null {
  if (/^\d+(\.\d+){3}$/u.test(address)) {
    const parts = address.split('.')
    if (parts.some((part) => Number(part) > 255 || (part.length > 1 && part.startsWith('0')))) return null
    return parts.map((part) => Number(part).toString(2).padStart(8, '0')).join('')
  }
  if (!/^[0-9a-f:]*:[0-9a-f:.]*$/iu.test(address)) return null
  const v4 = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/u.exec(address)
  if (v4) {
    const low = bits(v4[2] ?? '')
    if (low === null) return null
    const group = (from: number) => parseInt(low.slice(from, from + 16), 2).toString(16)
    return bits(`${v4[1]}${group(0)}:${group(16)}`)
  }
  const halves = address.split('::')
  const groups = halves.map((half) => (half === '' ? [] : half.split(':')))
  const given = groups.flat()
  if (halves.length > 2 || given.some((one) => !/^[0-9a-f]{1,4}$/iu.test(one))) return null
  const missing = 8 - given.length
  if (halves.length === 1 ? missing !== 0 : missing < 1) return null
  const whole = halves.length === 1 ? given : [...(groups[0] ?? []), ...new Array<string>(missing).fill('0'), ...(groups[1] ?? [])]
  return whole.map((one) => parseInt(one, 16).toString(2).padStart(16, '0')).join('')
}

/** The key that takes the fewest letters to change. */
function nearest(given: string): string {
  const far = (key: string): number => {
    let row = Array.from({ length: key.length + 1 }, (_, at) => at)
    for (let i = 1; i <= given.length; i += 1) {
      const next = [i]
      for (let j = 1; j <= key.length; j += 1) {
        const other = (row[j - 1] ?? 0) + Number(given[i - 1] !== key[j - 1])
        next.push(Math.min(other, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
      }
      row = next
    }
    return row.at(-1) ?? 0
  }
  return KEYS.reduce((best, key) => (far(key) < far(best) ? key : best))
}

/** The terms that must all hold, for chips and facets. What `or` joins is one. */
export function terms(text: string): Term[] {
  const all = tokens(text)
  let depth = 0
  const top = all.map(({ is }) => {
    depth -= Number(is === ')')
    const here = depth === 0
    depth += Number(is === '(')
    return here
  })
  if (all.some(({ is }, at) => is === 'or' && top[at])) return [{ key: null, value: `(${text.trim()})`, negative: false, group: true }]
  const found: Term[] = []
  let negative = false
  for (let at = 0; at < all.length; at += 1) {
    const token = all[at]!
    if (token.is === 'not') negative = !negative
    else if (token.is === '(') {
      let last = at
      while (last + 1 < all.length && !(all[last]?.is === ')' && top[last])) last += 1
      found.push({ key: null, value: text.slice(token.from, all[last]?.to), negative, group: true })
      ;[at, negative] = [last, false]
    } else if (token.is === 'word') {
      const spaced = token.quotedFrom === null ? SPACED[token.text] : undefined
      const next = all[at + 1]
      if (spaced !== undefined && next?.is === 'word') {
        found.push({ key: spaced, value: next.text, negative })
        at += 1
      } else found.push({ ...word(token.text, token.quotedFrom), negative })
      negative = false
    }
  }
  return found
}

function word(text: string, quotedFrom: number | null): Omit<Term, 'negative'> {
  const colon = text.indexOf(':')
  const [key, value] = [text.slice(0, Math.max(colon, 0)), text.slice(colon + 1)]
  if (quotedFrom === 0) return { key: null, value: quoted(text), group: true }
  return KEYS.includes(key) && value !== '' ? { key, value } : { key: null, value: text }
}

function quoted(text: string): string {
  return `"${text.replaceAll(/["\\]/gu, '\\$&')}"`
}

export function words(all: Term[]): string {
  const plain = (text: string) => (/[\s()"*]|^!|^-/u.test(text) ? quoted(text) : text)
  return all
    .map(({ key, value, negative, group }) => {
      const body = group ? value : key === null ? value : `${key}:${/\*/u.test(value) && !/[\s()"]/u.test(value) ? value : plain(value)}`
      return `${negative ? '-' : ''}${body}`
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

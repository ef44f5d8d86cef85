// Filters in words, as crates/whyrst-core/src/filter.rs reads them for the server, the command line and the terminal:
// pcap-filter(7) and `key:value` in one. Terms side by side must all hold, several of one key are alternatives; `and` and
// `or` bind alike, from left to right, and looser than that. The browser tests hold the two together.

import { pick } from './language'
import { nanos } from './nanos'

export interface Term {
  key: string | null
  value: string
  negative: boolean
  /** Terms that `or` or parentheses join, or that have words of pcap-filter(7), as they were written. */
  group?: boolean
}

export const KEYS = [
  'family', 'cause', 'mechanism', 'reason', 'service', 'peer', 'process', 'name', 'severity', 'confidence', 'source',
  'origin', 'ending', 'by', 'phase', 'kind', 'host', 'port', 'time',
]

/** Keys whose words are a closed list, as whyrst-model has them. */
const WORDS: Record<string, string[]> = {
  family: ['refused', 'unwanted-answer', 'broken-handshake', 'aborted', 'late-data', 'last-segment', 'unknown-connection', 'syn-collision', 'unseen'],
  severity: ['fault', 'attack', 'policy', 'scan', 'benign'],
  confidence: ['unexplained', 'possible', 'likely', 'certain'],
  origin: ['endpoint', 'path', 'unknown'],
  ending: ['reset', 'failed-connect'],
  by: ['client', 'server'],
  phase: ['connect', 'established', 'closing', 'closed', 'midstream'],
  kind: ['passive', 'active', 'unknown'],
}

/** As tcpdump has them: `port 443`. */
const SPACED: Record<string, string> = { port: 'port', host: 'host', net: 'host' }
const KINDS: Record<string, Kind> = { host: 'host', net: 'net', port: 'port', portrange: 'port' }
const PROTOCOLS: Record<string, Protocol> = {
  ip: 'ip', ip6: 'ip6', tcp: 'tcp', icmp: 'icmp', icmp6: 'icmp6',
  udp: 'other', sctp: 'other', arp: 'other', rarp: 'other', igmp: 'other', esp: 'other', ah: 'other',
}
const UNSUPPORTED = [
  'ether', 'vlan', 'mpls', 'pppoes', 'gateway', 'broadcast', 'multicast', 'proto', 'protochain', 'geneve', 'vxlan', 'inbound', 'outbound',
]
const BEFORE_PARENTHESIS = ['and', 'or', 'not', 'src', 'dst', 'host', 'net', 'port', 'portrange']
const DEEPEST = 100
/** What a parenthesis adds to the depth; a change between `and` and `or` adds one. */
const PARENTHESIS = 10

type Kind = 'host' | 'net' | 'port'
type Protocol = 'ip' | 'ip6' | 'tcp' | 'icmp' | 'icmp6' | 'other'
type Direction = 'src' | 'dst' | 'both'

/** Which ends are meant: bits that an address begins with and how long such addresses are, ports, or both of one end. */
export interface End { start: string | null; length: number; ports: [number, number] | null }

export type Expression =
  | { is: 'end'; key: string; end: End }
  | { is: 'word'; key: string; value: string; literal: boolean }
  | { is: 'time'; from: string; to: string }
  | { is: 'text'; text: string }
  | { is: 'protocol'; protocol: Protocol }
  | { is: 'both'; end: End }
  | { is: 'packets'; word: string }
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
  const sign = (is: '(' | ')' | 'or' | 'and' | 'not', at: number, width: number) => {
    end(at)
    all.push({ is, from: at, to: at + width })
  }
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at] ?? ''
    const begins = word === '' && quotedFrom === null
    if (begins) start = at
    if (character === '"') {
      quoted = !quoted
      quotedFrom ??= word.length
    } else if (quoted) {
      if (character === '\\' && /["\\]/u.test(text[at + 1] ?? '')) at += 1
      word += text[at] ?? ''
    } else if (/\s/u.test(character)) end(at)
    else if (character === '(' && (begins || (quotedFrom === null && BEFORE_PARENTHESIS.includes(word)))) sign('(', at, 1)
    else if (character === ')') sign(')', at, 1)
    else if ((character === '&' || character === '|') && text[at + 1] === character) {
      sign(character === '&' ? 'and' : 'or', at, 2)
      at += 1
    } else if (begins && (character === '!' || (character === '-' && /[^\s)]/u.test(text[at + 1] ?? ' ')))) sign('not', at, 1)
    else word += character
  }
  end(text.length)
  return all
}

const OPERATORS: Record<string, 'or' | 'and' | 'not'> = { or: 'or', and: 'and', not: 'not' }

function fail(english: string, chinese: string): never {
  throw new Error(pick(english, chinese))
}

const noAddress = (term: string) => fail(
  `${term}: expected an address, address/bits, address:port, or :port; names are not looked up`,
  `${term}：应为地址、地址/位数、地址:端口或 :端口；不解析主机名`)
const noNet = (term: string) => fail(
  `${term}: expected a network: 10.0.0.0/8, 10.1, 10.0.0.0 mask 255.0.0.0 or 2001:db8::/32`,
  `${term}：应为网段，例如 10.0.0.0/8、10.1、10.0.0.0 mask 255.0.0.0 或 2001:db8::/32`)
const noPort = (term: string) => fail(
  `${term}: expected a port number or a range such as 8000-8100; names are not looked up`,
  `${term}：应为端口号或范围，例如 8000-8100；不解析服务名`)
const missing = () => fail('a term is missing at the end of the filter, or before )', '过滤条件的末尾或 ) 之前缺少一项')
const noHalf = () => fail('a parenthesis has no other half', '括号不成对')

/** The words that stand before a value. */
interface Words { protocol: Protocol | null; direction: Direction | null; kind: Kind | null }

/** What the whole text asks for; `null` where it asks for nothing. */
export function parse(text: string): Expression | null {
  if (new TextEncoder().encode(text).length > 65_536) fail('the filter has more than 65536 bytes', '过滤条件超过了 65536 字节')
  const all = tokens(text)
  let [at, depth] = [0, 0]
  let before: Words = { protocol: null, direction: null, kind: null }
  const takes = (is: Token['is']) => all[at]?.is === is && (at += 1) > 0
  const plain = (place: number): string | null => {
    const token = all[place]
    return token?.is === 'word' && token.quotedFrom === null ? token.text : null
  }
  const deeper = (by: number) => {
    depth += by
    if (depth > DEEPEST * PARENTHESIS) fail(`more than ${DEEPEST} parentheses within each other`, `括号嵌套超过 ${DEEPEST} 层`)
  }
  const joined = (): Expression => {
    const outside = depth
    let soFar = beside()
    let last: string | null = null
    for (;;) {
      const join = all[at]?.is
      if (join !== 'and' && join !== 'or') break
      if (last !== null && last !== join) deeper(1)
      last = join
      at += 1
      const next = beside()
      const is = join === 'and' ? 'all' : 'any'
      soFar = soFar.is === is ? { is, of: [...soFar.of, next] } : { is, of: [soFar, next] }
    }
    depth = outside
    return soFar
  }
  const beside = (): Expression => {
    const groups: { key: string | null; of: Expression[] }[] = []
    for (;;) {
      const next = one()
      const key = keyOf(next)
      const alternatives = next.is === 'any' ? undefined : groups.find((group) => key !== null && group.key === key)
      if (alternatives) alternatives.of.push(next)
      else groups.push({ key: next.is === 'any' ? null : key, of: [next] })
      const is = all[at]?.is
      if (is === undefined || is === 'and' || is === 'or' || is === ')') break
    }
    const each = groups.map(({ of }): Expression => (of.length === 1 ? of[0]! : { is: 'any', of }))
    return each.length === 1 ? each[0]! : { is: 'all', of: each }
  }
  const one = (): Expression => {
    let negative = false
    while (takes('not')) negative = !negative
    const token = all[at]
    if (token === undefined) return missing()
    const found = ((): Expression => {
      switch (token.is) {
        case '(': return group()
        case ')': return depth > 0 ? missing() : noHalf()
        case 'word': return term(token.text, token.quotedFrom)
        default: return fail(`a term is missing before ${token.is}`, `${token.is} 之前缺少一项`)
      }
    })()
    return negative ? { is: 'not', one: found } : found
  }
  const group = (): Expression => {
    deeper(PARENTHESIS)
    at += 1
    const inner = joined()
    depth -= PARENTHESIS
    return takes(')') ? inner : noHalf()
  }
  const term = (word: string, quotedFrom: number | null): Expression => {
    if (quotedFrom === 0) {
      at += 1
      return { is: 'text', text: word.toLowerCase() }
    }
    if (quotedFrom === null) {
      const found = length(word) ?? said() ?? valued(before)
      if (found) return found
    }
    const found = free(word, quotedFrom)
    at += 1
    return found
  }
  const length = (word: string): Expression | null => {
    if (word !== 'less' && word !== 'greater') return null
    at += 1
    if (!/^\+?\d+$/u.test(plain(at) ?? '')) fail('expected a number of bytes here', '这里应为字节数')
    at += 1
    return { is: 'packets', word }
  }
  /** What has words of pcap-filter(7). */
  const said = (): Expression | null => {
    const first = at
    const words = wordsHere()
    if (at === first) return null
    const namesAnEnd = words.direction !== null || words.kind !== null
    const token = all[at]
    if (token?.is === '(' && namesAnEnd) {
      before = words
      return group()
    }
    if (words.protocol !== null && !namesAnEnd) {
      if (bits(plain(at) ?? '') === null) return protocolIs(words.protocol)
      before = words
      return valued(words)
    }
    const spelled = all.slice(first, at + 1).map((each) => (each.is === 'word' ? each.text : each.is))
    if (token?.is === 'word') {
      before = words
      const found = valued(words)
      if (found) return found
      if (words.kind === 'port') return noPort(spelled.join(' '))
      if (words.kind === 'net') return noNet(spelled.join(' '))
      if (token.text.includes('[')) return noBytes(token.text)
      return noAddress(spelled.join(' '))
    }
    return words.kind === 'port' ? noPort('port') : noAddress(spelled.slice(0, at - first).join(''))
  }
  const wordsHere = (): Words => {
    const words: Words = { protocol: null, direction: null, kind: null }
    for (let word = plain(at); word !== null; word = plain(at)) {
      const [protocol, kind] = [own(PROTOCOLS, word), own(KINDS, word)]
      if (protocol !== undefined) {
        if (words.direction !== null || words.kind !== null) {
          fail(`${word} must stand before the direction and the kind`, `${word} 必须写在方向和类型之前`)
        }
        if (words.protocol !== null) break
        words.protocol = protocol
        at += 1
      } else if ((word === 'src' || word === 'dst') && words.direction === null && words.kind === null) words.direction = direction(word)
      else if (kind !== undefined && words.kind === null) {
        words.kind = kind
        at += 1
      } else break
    }
    return words
  }
  /** Either of them, `src or dst`, is no direction. */
  const direction = (word: 'src' | 'dst'): Direction | null => {
    const join = plain(at + 2) === (word === 'src' ? 'dst' : 'src') ? all[at + 1]?.is : undefined
    const is = join === 'or' ? null : join === 'and' ? 'both' : word
    at += join === 'or' || join === 'and' ? 3 : 1
    return is
  }
  /** The next word as the value of these words; nothing is read when it is none. */
  const valued = (words: Words): Expression | null => {
    const token = all[at]
    if (token?.is !== 'word') return null
    let end: End | null
    let more = 0
    if (words.kind === 'port') {
      const range = portsOf(token.text)
      end = range && { start: null, length: 0, ports: range }
    } else if (words.kind === 'net') {
      const masked = plain(at + 1) === 'mask' && !token.text.includes('/') ? maskOf(plain(at + 2) ?? '') : undefined
      end = masked === null ? null : netOf(token.text, masked)
      more = masked === undefined || masked === null ? 0 : 2
    } else end = endOf(token.text)
    if (end === null) return null
    at += 1 + more
    const found: Expression = words.direction === null ? { is: 'end', key: words.kind === 'port' ? 'port' : 'host', end }
      : words.direction === 'both' ? { is: 'both', end } : { is: 'packets', word: words.direction }
    return words.protocol === null ? found : { is: 'all', of: [found, protocolIs(words.protocol)] }
  }
  if (all.length === 0) return null
  const whole = joined()
  if (at < all.length) noHalf()
  const packets = packetWord(whole)
  if (packets !== null) {
    fail(`${packets} chooses packets, and what stands here chooses among reports: use peer: for the client and service: for the `
      + `server, or explain --filter with ${packets} beside everything else`,
    `${packets} 选的是报文，而这里选的是报告：客户端请用 peer:，服务端请用 service:，或在 explain --filter 里把 ${packets} 与其他条件并列`)
  }
  return whole
}

function own<T>(words: Record<string, T>, word: string): T | undefined {
  return Object.hasOwn(words, word) ? words[word] : undefined
}

function noBytes(word: string): never {
  return fail(`${word}: filters on bytes of a packet are not supported`, `${word}：不支持按报文的字节过滤`)
}

function protocolIs(protocol: Protocol): Expression {
  return protocol === 'icmp' || protocol === 'icmp6' ? { is: 'packets', word: protocol } : { is: 'protocol', protocol }
}

/** The first word that is about single packets. */
function packetWord(expression: Expression): string | null {
  switch (expression.is) {
    case 'packets': return expression.word
    case 'not': return packetWord(expression.one)
    case 'all':
    case 'any': return expression.of.map(packetWord).find((word) => word !== null) ?? null
    default: return null
  }
}

/** The key of a term, or of terms that are alternatives. */
export function keyOf(expression: Expression): string | null {
  switch (expression.is) {
    case 'end':
    case 'word': return expression.key
    case 'time': return 'time'
    case 'any': {
      const keys = expression.of.map((one) => (one.is === 'any' ? null : keyOf(one)))
      return keys.every((key) => key === keys[0]) ? keys[0] ?? null : null
    }
    default: return null
  }
}

/** A term that no word of pcap-filter(7) begins. */
function free(text: string, quotedFrom: number | null): Expression {
  const end = endOf(text)
  if (end) return { is: 'end', key: 'host', end }
  const asText: Expression = { is: 'text', text: text.toLowerCase() }
  if (quotedFrom === null) {
    if (UNSUPPORTED.includes(text)) {
      fail(`${text} is not supported; put it in double quotes to search for that text`, `不支持 ${text}；要按文字搜索，请放在双引号里`)
    }
    if (/^\d+$/u.test(text)) {
      fail(`what is ${text}? Write port ${text} for a port, "${text}" for the text`, `${text} 指什么？端口请写 port ${text}，文字请写 "${text}"`)
    }
    const name = text.includes('[') ? text.slice(0, text.indexOf('[')) : ''
    if (own(PROTOCOLS, name) !== undefined || UNSUPPORTED.includes(name)) noBytes(text)
  }
  const colon = text.indexOf(':')
  const [key, value] = [text.slice(0, Math.max(colon, 0)), text.slice(colon + 1)]
  if (key === '' || value === '') return asText
  if (!KEYS.includes(key)) {
    if (!/^[a-z]+$/iu.test(key)) return asText
    fail(
      `there is no key ${key}: did you mean ${nearest(key, KEYS)}:? Put it in double quotes to search for that text`,
      `没有 ${key} 这个键：是指 ${nearest(key, KEYS)}: 吗？要按文字搜索，请放在双引号里`,
    )
  }
  const literal = quotedFrom !== null
  switch (key) {
    case 'service':
    case 'peer':
    case 'host': return { is: 'end', key, end: endOf(value) ?? noAddress(text) }
    case 'port': return { is: 'end', key, end: { start: null, length: 0, ports: portsOf(value) ?? noPort(text) } }
    case 'time': {
      const [from = '', to = ''] = value.split('..')
      try {
        nanos(from)
        nanos(to)
      } catch {
        fail(`${text}: expected two times such as 2026-01-31T12:00:00Z..2026-01-31T12:05:00Z`,
          `${text}：应为两个时间，例如 2026-01-31T12:00:00Z..2026-01-31T12:05:00Z`)
      }
      return { is: 'time', from, to }
    }
    default: {
      const known = WORDS[key]
      if (known && (literal || !value.includes('*')) && !known.includes(value)) {
        const near = nearest(value, known)
        fail(`${key} is never ${value}: did you mean ${key}:${near}?`, `${key} 不会是 ${value}：是指 ${key}:${near} 吗？`)
      }
      return { is: 'word', key, value, literal }
    }
  }
}

/** An address, several that begin with the same bits, an address and a port, or a port. */
function endOf(text: string): End | null {
  if (text.startsWith(':') && !text.startsWith('::')) {
    const port = portOf(text.slice(1))
    return port === null ? null : { start: null, length: 0, ports: [port, port] }
  }
  const both = /^(?:(\d+\.\d+\.\d+\.\d+)|\[([0-9a-f:.]+)\]):(\d{1,5})$/iu.exec(text)
  if (both) {
    const [start, port] = [bits(both[1] ?? both[2] ?? ''), portOf(both[3] ?? '')]
    return start === null || port === null ? null : { start, length: start.length, ports: [port, port] }
  }
  const [address = '', prefix, ...rest] = text.split('/')
  const whole = bits(address)
  if (whole === null || rest.length > 0) return null
  return cut(whole, prefix)
}

function cut(whole: string, prefix: string | undefined): End | null {
  if (prefix === undefined) return { start: whole, length: whole.length, ports: null }
  if (!/^\d{1,3}$/u.test(prefix) || Number(prefix) > whole.length) return null
  return { start: whole.slice(0, Number(prefix)), length: whole.length, ports: null }
}

/** `10.0.0.0/8`, `10.1`, `2001:db8::/32`, or an address whose mask was given. */
function netOf(text: string, mask: number | undefined): End | null {
  const [address = '', prefix, ...rest] = text.split('/')
  if (rest.length > 0) return null
  const parts = address.split('.')
  const short = parts.length < 4 && parts.every((part) => /^\+?\d{1,3}$/u.test(part) && Number(part) < 256)
  const whole = bits(short ? [...parts.map(Number), 0, 0, 0].slice(0, 4).join('.') : address)
  if (whole === null) return null
  return cut(whole, prefix ?? String(mask ?? (short ? parts.length * 8 : whole.length)))
}

/** The bits of a mask; `null` where it is none. */
function maskOf(text: string): number | null {
  const mask = text.includes('.') ? bits(text) : null
  return mask !== null && /^1*0*$/u.test(mask) ? mask.lastIndexOf('1') + 1 : null
}

function portsOf(text: string): [number, number] | null {
  const [low = '', high = low, ...rest] = text.split('-')
  const [from, to] = [portOf(low), portOf(high)]
  return from === null || to === null || from > to || rest.length > 0 ? null : [from, to]
}

function portOf(text: string): number | null {
  return /^\d+$/u.test(text) && Number(text) < 65_536 ? Number(text) : null
}

/** Whether this is such an end. */
export function isSuch({ start, length, ports }: End, address: string, port: number): boolean {
  if (ports && (port < ports[0] || port > ports[1])) return false
  if (start === null) return true
  const whole = bits(address)
  return whole !== null && whole.length === length && whole.startsWith(start)
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

/** The word that takes the fewest letters to change. */
function nearest(given: string, known: string[]): string {
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
  return known.reduce((best, key) => (far(key) < far(best) ? key : best))
}

/** The terms that must all hold, for chips and facets. What cannot be taken apart is one. */
export function terms(text: string): Term[] {
  const all = tokens(text)
  let depth = 0
  const top = all.map(({ is }) => {
    depth -= Number(is === ')')
    const here = depth === 0
    depth += Number(is === '(')
    return here
  })
  const joined = (join: string) => all.some(({ is }, at) => is === join && top[at])
  const whole: Term[] = [{ key: null, value: `(${text.trim()})`, negative: false, group: true }]
  const found: Term[] = []
  let negative = false
  for (let at = 0; at < all.length; at += 1) {
    const token = all[at]!
    if (token.is === 'or' && top[at]) return whole
    if (token.is === 'not') negative = !negative
    else if (token.is === '(') {
      const last = closing(all, top, at)
      found.push({ key: null, value: text.slice(token.from, all[last]?.to), negative, group: true })
      ;[at, negative] = [last, false]
    } else if (token.is === 'word') {
      const next = all[at + 1]
      const spaced = token.quotedFrom === null ? own(SPACED, token.text) : undefined
      if (spaced !== undefined && next?.is === 'word' && (token.text !== 'net' || next.text.includes('/'))
        && (spaced !== 'host' || endOf(next.text) !== null)) {
        found.push({ key: spaced, value: next.text, negative })
        at += 1
      } else if (isOfPackets(token)) {
        const last = lastOf(all, top, at)
        found.push({ key: null, value: text.slice(token.from, all[last]?.to), negative, group: true })
        at = last
      // A value that takes the words of the one before: `port 80 443`.
      } else if (token.quotedFrom === null && /^\d+(?:-\d+)?$/u.test(token.text)) return whole
      else found.push({ ...word(token.text, token.quotedFrom), negative })
      negative = false
    }
  }
  // Side by side they would be alternatives.
  const keys = found.filter((one) => !one.negative).map(({ key }) => key).filter((key) => key !== null)
  return joined('and') && new Set(keys).size < keys.length ? whole : found
}

/** Where the parenthesis ends that begins here. */
function closing(all: Placed[], top: boolean[], at: number): number {
  let last = at
  while (last + 1 < all.length && !(all[last]?.is === ')' && top[last])) last += 1
  return last
}

function isOfPackets(token: Token | undefined): boolean {
  return token?.is === 'word' && token.quotedFrom === null
    && (own(KINDS, token.text) !== undefined || own(PROTOCOLS, token.text) !== undefined
      || ['src', 'dst', 'less', 'greater'].includes(token.text))
}

/** The last token of what a word of pcap-filter(7) begins: `src or dst net 10.0.0.0 mask 255.0.0.0`. */
function lastOf(all: Placed[], top: boolean[], at: number): number {
  const is = (place: number, ...texts: string[]) => {
    const token = all[place]
    return token?.is === 'word' && token.quotedFrom === null && texts.includes(token.text)
  }
  let last = at
  let namesAnEnd = false
  for (;;) {
    namesAnEnd ||= !is(last, ...Object.keys(PROTOCOLS))
    const join = all[last + 1]?.is
    if (is(last, 'src', 'dst') && (join === 'or' || join === 'and') && is(last + 2, 'src', 'dst')) last += 2
    else if (isOfPackets(all[last + 1])) last += 1
    else break
  }
  const next = all[last + 1]
  if (next?.is === '(' && namesAnEnd) return closing(all, top, last + 1)
  if (next?.is === 'word' && (namesAnEnd || bits(next.text) !== null)) last += is(last + 2, 'mask') ? 3 : 1
  return last
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

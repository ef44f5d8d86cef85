// The language that the page speaks: that of the reports in it, which the server or the file names in
// `<html lang>`. A text stands beside its translation, so that neither can be forgotten.

const root = document.documentElement
// The page that has the program in it has no reports yet: the reader's language it is, or the one that its address
// names (`?lang=zh`).
if (root.dataset['speaks'] === 'any') {
  const wanted = new URLSearchParams(location.search).get('lang') ?? navigator.language
  root.lang = wanted.startsWith('zh') ? 'zh' : 'en'
}

export const chinese = root.lang.startsWith('zh')

/** The one of two things that belongs to the page's language. */
export function pick<T>(english: T, simplified: T): T {
  return chinese ? simplified : english
}

/** Values of the JSON contract, in words; filters and links keep the values themselves. */
const VALUES: Record<string, Record<string, [string, string]>> = {
  severity: {
    fault: ['fault', '故障'], attack: ['attack', '攻击'], policy: ['policy', '策略'], scan: ['scan', '扫描'],
    benign: ['benign', '无害'],
  },
  confidence: {
    certain: ['certain', '确定'], likely: ['likely', '很可能'], possible: ['possible', '可能'],
    unexplained: ['unexplained', '无法解释'],
  },
  family: {
    'refused': ['refused', '拒绝建连'], 'unwanted-answer': ['unwanted answer', '拒绝应答'],
    'broken-handshake': ['broken handshake', '握手中断'], 'aborted': ['aborted', '中止'],
    'late-data': ['late data', '关闭后的数据'], 'last-segment': ['last segment', '最后的报文'],
    'unknown-connection': ['unknown connection', '未知连接'], 'syn-collision': ['SYN collision', 'SYN 相撞'],
    'unseen': ['not captured', '没有抓到'],
  },
  origin: { endpoint: ['an endpoint', '一端'], path: ['the path', '路径上的设备'], unknown: ['unknown', '未知'] },
  ending: { 'reset': ['reset', '重置'], 'failed-connect': ['failed connect', '建连失败'] },
  phase: {
    connect: ['handshake not complete', '建连阶段'], established: ['established', '已建立'],
    closing: ['one end had closed', '一端已关闭'], closed: ['both ends had closed', '两端都已关闭'],
    midstream: ['its beginning was not captured', '没有抓到连接的开头'],
  },
  kind: {
    passive: ['its kernel, in answer to a segment', '其内核，对一个报文的应答'],
    active: ['whoever held the connection', '持有这条连接的一方'], unknown: ['by whom is not known', '由谁不得而知'],
  },
  certainty: {
    'none': ['nothing', '没有丢失'], 'exact': ['exactly', '确切'], 'at-most': ['at most', '最多'],
    'at-least': ['at least', '至少'], 'unknown': ['not known', '不得而知'],
  },
  stood_in: { 'tls-server-name': ['TLS SNI', 'TLS SNI'], 'http-host': ['HTTP Host', 'HTTP Host'] },
  side: { client: ['client', '客户端'], server: ['server', '服务端'] },
}

/** A value in words, or as it is where there are none. */
export function called(what: string, value: string): string {
  const words = VALUES[what]?.[value]
  return words === undefined ? value : pick(...words)
}

// Ways out of a case: its link, the commands of other tools, and the case as Markdown for a ticket.

import { Copy } from './copy'
import { called, pick } from './language'
import type { Report } from './records'
import { ordered } from './open'
import { clock, day, quoted, tcpdump, wireshark } from './words'

export function Ways({ reset }: { reset: Report }) {
  const file = quoted(reset.source)
  const captured = (reset.ladder ?? []).length > 0
  const [display, capture] = [`'${wireshark(reset)}'`, `'${tcpdump(reset)}'`]
  const commands: [string, string][] = captured ? [
    ['tshark', `tshark -r ${file} -Y ${display}`],
    ['tcpdump', `tcpdump -nn -r ${file} ${capture}`],
    [pick('pcap of it', '导出 pcap'), `tcpdump -r ${file} -w connection.pcap ${capture}`],
    ['whyrst', `whyrst explain --filter ${capture} ${file}`],
    [pick('beside the lab', '与实验对照'), `whyrst explain --beside-lab --filter ${capture} ${file}`],
  ] : [['whyrst', `whyrst causes ${reset.verdict.cause}`]]
  return (
    <details class="ways">
      <summary>{pick('copy', '复制')}</summary>
      <ul>
        <li><span>{pick('link to this', '此页链接')}</span> <Copy text={location.href} /></li>
        {commands.map(([name, command]) => (
          <li key={name}><span>{name}</span> <code>{command}</code> <Copy text={command} /></li>
        ))}
        <li><span>Markdown</span> <Copy text={markdown(reset)} /></li>
      </ul>
    </details>
  )
}

/** Words of packets and files stay what they are: no markup, no link. */
function literal(text: string): string {
  return text.replaceAll(/[\\<>[\]*_|&!#~]/gu, (one) => `\\${one}`).replaceAll('://', ':\\//')
}

function markdown(reset: Report): string {
  const end = (side: 'client' | 'server') => {
    const { ip, port } = reset[side]
    return ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`
  }
  const frame = reset.resets[0]?.frame
  const place = frame == null ? '' : pick(`, frame ${frame}`, `，帧 ${frame}`)
  const item = (text: string) => `- ${literal(text)}`
  const packets = (reset.ladder ?? []).map((rung) => ('frame' in rung
    ? [rung.marked ? '>' : ' ', String(rung.frame).padStart(7), (rung.ns / 1e9).toFixed(6).padStart(12),
      rung.from === 'client' ? '-->' : '<--', rung.text].join(' ')
    : `        ... ${rung.gap}`))
  const why = reset.evidence.filter(({ role, answer }) => role !== 'refutes' && answer === 'yes').map(({ text }) => item(text))
  const commands = ordered(reset).map(({ on, command }) => `- ${called('side', on)} ${reset[on].ip}: \`${command}\``)
  const lines = [
    `### ${literal(end('client'))} \u2192 ${literal(end('server'))}`, '',
    `${day(reset.time)} ${clock(reset.time)} UTC${place}, ${literal(reset.source)}`, '',
    `**${called('confidence', reset.verdict.confidence)}**: ${literal(reset.verdict.title)} (\`${reset.verdict.cause}\`)`, '',
    ...(packets.length > 0 ? ['```text', ...packets, '```', ''] : []),
    ...(why.length > 0 ? [`**${pick('why', '依据')}**`, ...why, ''] : []),
    ...(commands.length > 0 ? [`**${pick('decide', '判别')}**`, ...commands, ''] : []),
    `**${pick('fix', '处理')}**`, ...reset.advice.map(item),
  ]
  return `${lines.join('\n')}\n`
}

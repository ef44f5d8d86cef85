// What is still open and what would show it: a row for each cause that leaves these packets, a column for each command
// that tells some of them apart; and the one command that tells most.

import { Page } from './causelink'
import { Copied } from './copy'
import { called, pick } from './language'
import type { Confidence, Report } from './records'
import { Text } from './text'

type Command = NonNullable<Report['decide']>[number]

/** The causes that a command leaves with this one; none where it names it alone. */
function mixed({ splits }: Command, cause: string): string[] | null {
  const group = (splits ?? []).map((names) => names.split('+')).find((names) => names.includes(cause))
  return group?.filter((name) => name !== cause) ?? null
}

/** The command that tells most of them apart stands first. */
export function ordered(reset: Report): Command[] {
  const told = ({ splits }: Command) => (splits ?? []).length
  return [...(reset.decide ?? [])].sort((one, two) => told(two) - told(one))
}

export function Decide({ reset }: { reset: Report }) {
  const [first, ...rest] = ordered(reset)
  if (!first) return null
  const where = (on: Command['on']) => pick(`on ${called('side', on)} ${reset[on].ip}: `, `在${called('side', on)} ${reset[on].ip}：`)
  const open = (reset.mechanism?.open ?? []).length + 1
  const alone = (first.splits ?? []).filter((names) => !names.includes('+')).length
  return (
    <section class="decide told" aria-label={pick('what decides', '如何判定')}>
      <h3>{pick('decide', '判别')}</h3>
      <div>
        <p class="one"><span class="note">{where(first.on)}</span><Copied text={first.command} /></p>
        {open > 1 && <p class="note">{pick(`tells ${alone} of ${open} apart`, `能区分 ${open} 个中的 ${alone} 个`)}</p>}
        {rest.map(({ on, command }) => (
          <p key={command}><span class="note">{pick('or, ', '或者，')}{where(on)}</span><Copied text={command} /></p>
        ))}
      </div>
    </section>
  )
}

interface Row {
  cause: string
  confidence: Confidence
  shown: string
}

export function Open({ reset, openCause }: { reset: Report; openCause(id: string): void }) {
  const { mechanism, alternatives } = reset
  const leading: Row[] = mechanism && mechanism.confidence !== 'certain'
    ? [{ cause: mechanism.cause, confidence: mechanism.confidence, shown: mechanism.confirm ?? '' }] : []
  const others = alternatives.filter(({ cause }) => leading.every((one) => one.cause !== cause))
  const row = ({ cause, confidence, told_apart_by: shown }: (typeof others)[number]): Row => ({ cause, confidence, shown })
  const rows = [...leading, ...others.map(row)]
  const commands = ordered(reset)
  if (alternatives.length === 0) return null
  const cell = (command: Command, cause: string) => {
    const others = mixed(command, cause)
    const key = command.command
    if (others === null) {
      return (
        <td key={key} class="no">
          <span aria-hidden="true">{'\u2013'}</span><span class="hidden">{pick('does not tell', '无法区分')}</span>
        </td>
      )
    }
    if (others.length === 0) return <td key={key} class="yes">{pick('names it', '能指明')}</td>
    const text = pick(`with ${others.length} more`, `与另外 ${others.length} 个一起`)
    return <td key={key} title={others.join(', ')}>{text}</td>
  }
  return (
    <section class="open-table" aria-label={pick('what is open, and what would show it', '待定的原因与判据')}>
      <h3>{pick('still open, and what would show it', '待定的原因与判据')}</h3>
      <div class="scrolled" tabindex={0} role="group" aria-label={pick('table', '表格')}>
        <table>
          <thead>
            <tr>
              <th scope="col">{pick('cause', '原因')}</th>
              <th scope="col">{pick('what would show it', '判据')}</th>
              {commands.map(({ command }) => <th key={command} scope="col"><code>{short(command)}</code></th>)}
            </tr>
          </thead>
          <tbody>
            {rows.map(({ cause, confidence, shown }) => (
              <tr key={cause}>
                <th scope="row"><Page id={cause} open={openCause} /><small>{called('confidence', confidence)}</small></th>
                <td class="shown"><Text>{shown}</Text></td>
                {commands.map((command) => cell(command, cause))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  )
}

/** A command by its program. */
function short(command: string): string {
  const words = command.replace(/^sudo /u, '').split(' ')
  return words[0] === 'whyrst' ? words.slice(0, 2).join(' ') : words[0] ?? command
}

// A colour for each cause, the same everywhere on the page and for as long as it is open: the first
// causes to be seen, which are the commonest, get colours of their own.

const PALETTE = 7
const taken = new Map<string, number>()

/** Its number in the palette; the last is for all others. */
export function colourOf(cause: string | null): number {
  return cause === null ? PALETTE : (taken.get(cause) ?? PALETTE)
}

/** Gives colours to causes that have none yet, commonest first, while there are any. */
export function learn(causes: (string | null)[]): void {
  for (const cause of causes) {
    if (cause !== null && !taken.has(cause) && taken.size < PALETTE) taken.set(cause, taken.size)
  }
}

/** The colour of a custom property as the canvas wants it, in the scheme that is shown. */
export function resolved(property: string): string {
  const probe = document.createElement('span')
  probe.style.color = `var(${property})`
  document.body.append(probe)
  const colour = getComputedStyle(probe).color
  probe.remove()
  return colour
}

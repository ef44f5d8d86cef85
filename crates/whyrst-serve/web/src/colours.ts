// A colour for each cause, the same everywhere on the page and for as long as it is open: the first
// causes to be seen, which are the commonest, get colours of their own.

const PALETTE = 7
const taken = new Map<string, number>()

/** Its number in the palette; the last is for all others. */
export function colourOf(cause: string | null): number {
  if (cause === null) return PALETTE
  const known = taken.get(cause)
  if (known !== undefined) return known
  if (taken.size >= PALETTE) return PALETTE
  const next = taken.size
  taken.set(cause, next)
  return next
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

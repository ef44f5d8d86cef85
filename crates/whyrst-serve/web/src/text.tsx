// A sentence of a report, in which `commands` stand between backquotes.

export function Text({ children }: { children: string }) {
  const parts = children.split('`')
  // An odd one out is a backquote and nothing more.
  if (parts.length % 2 === 0) return <>{children}</>
  return <>{parts.map((part, at) => (at % 2 === 1 ? <code key={at}>{part}</code> : part))}</>
}

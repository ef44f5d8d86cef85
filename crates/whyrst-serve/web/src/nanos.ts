// Times with all their digits: a number of JavaScript has too few for nanoseconds since 1970.

export function nanos(time: string): bigint {
  const [whole = '', fraction = ''] = time.replace(/Z$/u, '').split('.')
  const millis = Date.parse(`${whole}Z`)
  if (Number.isNaN(millis)) throw new Error(`${time}: expected a time such as 2026-01-31T12:00:00Z`)
  return BigInt(millis) * 1_000_000n + BigInt(fraction.padEnd(9, '0').slice(0, 9) || '0')
}

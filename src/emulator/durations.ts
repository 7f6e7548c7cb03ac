const msIn: Readonly<Record<string, number>> = {
  y: 365 * 86_400_000,
  w: 7 * 86_400_000,
  d: 86_400_000,
  h: 3_600_000,
  m: 60_000,
  s: 1_000,
}

/** `30d`, `1d12h`, `90m`, `-2h` in ms (a year is 365 days); undefined for what is none. */
export function durationOf(text: string): number | undefined {
  const [, sign, parts] = /^(-?)((?:\d{1,6}[ywdhms]){1,6})$/.exec(text) ?? []
  if (parts === undefined) return undefined
  let ms = 0
  for (const [, amount, unit] of parts.matchAll(/(\d+)([ywdhms])/g)) ms += Number(amount) * msIn[unit!]!
  return sign === '-' ? -ms : ms
}

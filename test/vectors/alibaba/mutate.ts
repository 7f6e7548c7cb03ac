import type { RawRequest } from '../../../src/api/alibaba/read-request.ts'

/** Numbers below `bound`, the same for the same seed (mulberry32). */
export function generator(seed: number): (bound: number) => number {
  let state = seed
  return (bound) => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) % bound
  }
}

const interesting = [
  '%',
  '%zz',
  '&',
  '=',
  '+',
  ';',
  ',',
  '\0',
  '\xff',
  '测',
  '.',
  ' ',
  '#',
  '__proto__',
  'A=1&A=1',
  '%ff',
]

/** A request with one to four small changes in target, headers, body or method. */
export function mutated(raw: RawRequest, random: (bound: number) => number): RawRequest {
  const mutateText = (text: string): string => {
    const at = random(text.length + 1)
    const piece = interesting[random(interesting.length)] ?? ''
    switch (random(4)) {
      case 0:
        return text.slice(0, at) + piece + text.slice(at)
      case 1:
        return text.slice(0, at) + text.slice(at + 1 + random(8))
      case 2:
        return text.slice(0, at) + String.fromCharCode(random(random(8) === 0 ? 65_536 : 256)) + text.slice(at + 1)
      default:
        return text + text.slice(at)
    }
  }
  let { rawUrl, method } = raw
  let rawHeaders = [...raw.rawHeaders]
  let body = Buffer.from(raw.body)
  for (let round = 0; round <= random(3); round++) {
    const target = random(8)
    const header = random(rawHeaders.length)
    if (target < 3) rawUrl = mutateText(rawUrl)
    else if (target < 5) rawHeaders[header] = mutateText(rawHeaders[header] ?? '')
    else if (target === 5 && random(4) === 0) rawHeaders = rawHeaders.toSpliced(header, 1)
    else if (target === 6) body = Buffer.from(mutateText(body.toString('latin1')), 'latin1')
    else if (random(8) === 0) method = mutateText(method)
  }
  return { method, rawUrl, rawHeaders, body }
}

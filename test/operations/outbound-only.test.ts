import { globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** Whatever can open a connection. */
const waysOut = [
  /\b(?:from|import|require)\s*\(?\s*'(?:node:)?(?:http|https|http2|net|tls|dgram|dns|dns\/promises|undici|child_process)'/,
  /(?<![\w.])fetch\s*\(/,
  /\bnew\s+(?:WebSocket|EventSource)\b/,
]

/** Who imports one of these and opens no connection with it, and for what. */
const harmless: Readonly<Record<string, RegExp>> = {
  'src/listeners.ts': /import \{ createServer as createProbe \} from 'node:net'/,
  'src/standing.ts': /import \{ createServer \} from 'node:net'/,
  'src/api/huawei/answer.ts': /import \{ STATUS_CODES \} from 'node:http'/,
  'src/api/huawei/shapes/subject-alternative-name.ts': /import \{ isIP \} from 'node:net'/,
}

/** These are programs of the operator's own, or speak to the operator's own database. */
const apart = /^src\/(?:outbound|cli|client)\//

describe('connections to the outside (design 4)', () => {
  const files = globSync('src/**/*.ts', { cwd: root })
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => !/[.](?:test|fixture)[.]ts$|\/test-support\//.test(file))

  test('are opened in src/outbound and nowhere else', () => {
    expect(files.length).toBeGreaterThan(100)
    const offenders = files.filter((file) => {
      if (apart.test(file)) return false
      const source = readFileSync(`${root}/${file}`, 'utf8').replaceAll(/^import type .*$/gm, '')
      const text = source.replace(harmless[file] ?? /$^/, '')
      return waysOut.some((way) => way.test(text))
    })
    expect(offenders).toEqual([])
  })

  test('would be seen: the check knows its own ways out', () => {
    const outbound = readFileSync(`${root}/src/outbound/outbound.ts`, 'utf8')
    expect(waysOut[0]!.test(outbound)).toBe(true)
    for (const text of ["await fetch('http://x')", "import { connect } from 'net'", 'new WebSocket(url)'])
      expect(waysOut.some((way) => way.test(text))).toBe(true)
  })
})

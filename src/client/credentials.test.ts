import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { findAccessKey } from './credentials.ts'
import { CredentialsError } from './errors.ts'

let folder: string
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'certkeep-credentials-'))))
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const key = (name: string) => ({ accessKeyId: `AK${name}`, accessKeySecret: `secret-of-${name}` })

function file(name: string, content: unknown): string {
  const path = join(folder, name)
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}

const environment = () => ({
  CERTKEEP_HOME: folder,
  CERTKEEP_ACCESS_KEY_ID: 'AKenv',
  CERTKEEP_ACCESS_KEY_SECRET: 'secret-of-env',
})

async function refusal(path: string | undefined, env: Record<string, string> = {}): Promise<string> {
  const error: unknown = await findAccessKey(path, { CERTKEEP_HOME: folder, ...env }).catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(CredentialsError)
  return (error as Error).message
}

describe('credentials', () => {
  test('the named file first, then the environment, then the first credentials', async () => {
    file('first-credentials.json', { ...key('first'), password: 'x' })
    expect(await findAccessKey(file('named.json', key('named')), environment())).toEqual(key('named'))
    expect(await findAccessKey(undefined, environment())).toEqual(key('env'))
    expect(await findAccessKey(undefined, { CERTKEEP_HOME: folder })).toEqual(key('first'))
  })

  test('a temporary key has a token, in a file or in the environment', async () => {
    const temporary = { ...key('temporary'), securityToken: 'token' }
    expect(await findAccessKey(file('named.json', temporary), {})).toEqual(temporary)
    const env = { ...environment(), CERTKEEP_SECURITY_TOKEN: 'token' }
    expect(await findAccessKey(undefined, env)).toEqual({ ...key('env'), securityToken: 'token' })
  })

  test('none at all: the message says where they may be put', async () => {
    const message = await refusal(undefined)
    for (const place of ['--credentials', 'CERTKEEP_ACCESS_KEY_ID', 'first-credentials.json'])
      expect(message).toContain(place)
  })

  test('half of a pair in the environment is refused, not made up from a file', async () => {
    file('first-credentials.json', key('first'))
    expect(await refusal(undefined, { CERTKEEP_ACCESS_KEY_ID: 'AKenv' })).toContain('belong together')
  })

  test.each([
    ['no JSON', '{"accessKeySecret":"hunter2secret', 'does not hold JSON'],
    ['a list', '["hunter2secret"]', 'JSON object'],
    ['no secret', '{"accessKeyId":"AK"}', 'lacks accessKeyId or accessKeySecret'],
    ['an id that would break a header', '{"accessKeyId":"A\\nK","accessKeySecret":"hunter2secret"}', 'is not one'],
    [
      'a token that would break a header',
      '{"accessKeyId":"AK","accessKeySecret":"s","securityToken":"hunter2\\n"}',
      'is not one',
    ],
    ['much too long', `{"accessKeySecret":"hunter2secret"${' '.repeat(70_000)}}`, 'does not hold JSON'],
  ])('%s: refused without quoting what is in it', async (_what, content, reason) => {
    const message = await refusal(file('named.json', content))
    expect(message).toContain(reason)
    expect(message).not.toContain('hunter2')
  })

  test('a named file that is not there', async () => {
    expect(await refusal(join(folder, 'none.json'))).toContain('cannot be read (ENOENT)')
  })
})

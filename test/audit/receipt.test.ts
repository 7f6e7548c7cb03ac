import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { own } from '../support/client.ts'
import { advance, leaf, rootCa, until } from '../support/life.ts'
import { startService, temporaryFolder, type Service } from '../support/service.ts'
import { need } from '../support/tools.ts'

interface Shown {
  statement: string
  signature: string
  key: string
  entry: { index: number; fields: Record<string, string[]> }
  path: string[]
  checkpoint: string
}

let service: Service
let shown: Shown
let auditKey = ''
let checkpoint = ''
let before = 0
const script = fileURLToPath(new URL('../../docs/verify-receipt.py', import.meta.url))

beforeAll(async () => {
  service = await startService({ workers: 1, args: ['--pki-port', '0'] })
  const caId = await rootCa(service)
  await leaf(service, caId)
  const get = (path: string) => fetch(`${service.pkiUrl}${path}`)
  before = (await get(`/receipt/${caId}`)).status
  await own(service.url, service.credentials, 'DisableCa', { caId })
  await own(service.url, service.credentials, 'DeleteCa', { caId, keepDays: 7 })
  await advance(service, 8)
  shown = await until('the receipt has its number', async () => {
    const response = await get(`/receipt/${caId}`)
    return response.status === 200 && ((await response.json()) as Shown)
  })
  auditKey = await (await get('/audit/key')).text()
  checkpoint = await (await get('/audit/checkpoint')).text()
}, 60_000)
afterAll(() => service[Symbol.asyncDispose]())

/** What the script that is shipped says: Python and openssl, and nothing of ours. */
function verified(receipt: Shown, ...more: string[]): { code: number | null; said: string } {
  need('python3')
  const file = join(temporaryFolder(), 'receipt.json')
  writeFileSync(file, JSON.stringify(receipt))
  const { status, stdout, stderr } = spawnSync('python3', [script, file, ...more], { encoding: 'utf8' })
  return { code: status, said: stdout + stderr }
}

const tampered = (change: (receipt: Shown) => void): Shown => {
  const copy = structuredClone(shown)
  change(copy)
  return copy
}

test('a CA that lives has no receipt, and the log has a checkpoint from the start', () => {
  expect(before).toBe(404)
  expect(checkpoint).toMatch(/^certkeep\//)
})

describe('the receipt of a destruction, design 3.5, verified by docs/verify-receipt.py', () => {
  test('it says who asked, what was under the CA, the final CRL, method and level; and it verifies', () => {
    expect(before).toBe(404)
    expect(checkpoint).toMatch(/^certkeep\//)
    const statement = JSON.parse(shown.statement) as Record<string, unknown>
    expect(statement).toMatchObject({
      receipt: 'certkeep receipt 1',
      requested: { requestedBy: { userName: 'admin' }, disposition: 'runOut' },
      under: { leaves: { valid: 1 }, unexpired: 1 },
      finalCrl: { sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
      key: { level: 'local' },
    })
    expect(verified(shown)).toMatchObject({
      code: 0,
      said: expect.stringMatching(/^valid: entry \d+ of \d+ in certkeep\//),
    })
    expect(verified(shown, auditKey)).toMatchObject({ code: 0 })
  })

  const ways: Record<string, (receipt: Shown) => void> = {
    'another level in the statement': (receipt) => {
      receipt.statement = receipt.statement.replace('"local"', '"hsm"')
    },
    'another level in statement and entry': (receipt) => {
      receipt.statement = receipt.statement.replace('"local"', '"hsm"')
      receipt.entry.fields['facts']![0] = receipt.statement
    },
    'another time in the entry': (receipt) => {
      receipt.entry.fields['at']![0] = '1'
    },
    'another number': (receipt) => {
      receipt.entry.index--
    },
    'a path that is too short': (receipt) => {
      receipt.path.pop()
    },
    'a path that is too long': (receipt) => {
      receipt.path.push(receipt.path[0]!)
    },
    'another root': (receipt) => {
      receipt.checkpoint = receipt.checkpoint.replace(
        /\n(.)(\S{42}=)\n/,
        (_, first, rest) => `\n${first === 'A' ? 'B' : 'A'}${rest}\n`,
      )
    },
    'another signature': (receipt) => {
      receipt.signature = Buffer.from(receipt.signature, 'base64').reverse().toString('base64')
    },
  }
  test.each(Object.keys(ways))('with %s it does not', (way) => {
    const { code, said } = verified(tampered(ways[way]!))
    expect({ way, code }).toEqual({ way, code: 1 })
    expect(said).toMatch(/^NOT VALID: /)
  })

  test('nor by another key than the one that was noted', () => {
    const other = auditKey.trim().replace(/.{8}$/, 'AAAAAAAA')
    expect(verified(shown, other)).toMatchObject({ code: 1 })
  })
})

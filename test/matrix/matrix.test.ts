import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { operations, type OperationName } from '../../src/api/index.ts'
import { alibaba, huaweiHeaders, own, type Answer, type Caller } from '../support/client.ts'
import { leaf, rootCa } from '../support/life.ts'
import { person, secondAccount } from '../support/people.ts'
import { startService, type Service } from '../support/service.ts'
import { samples, type Objects } from './samples.ts'

/**
 * The matrix of design 10: every operation × each reason to refuse it, made from the declarations. What is refused must
 * have done nothing: between the first refusal and the last, no table but the audit log changes.
 */
let service: Service
let objects: Objects
let stranger: Caller
let nobody: Caller
let denied: Caller
let wrongTag: Caller
let before: string

const names = Object.keys(operations) as OperationName[]
const declared = (name: OperationName) => operations[name] as (typeof operations)['ShowCa']

beforeAll(async () => {
  service = await startService()
  const admin = (operation: string, input: unknown) => own(service.url, service.credentials, operation, input)
  const caId = await rootCa(service)
  await admin('TagCa', { caId, tags: { env: 'production' } })
  const { caId: pendingCaId } = await admin('CreateCa', {
    type: 'subordinate',
    subject: { commonName: 'Pending' },
    keyAlgorithm: 'p256',
  })
  await admin('TagCa', { caId: pendingCaId, tags: { env: 'production' } })
  const certificateId = await leaf(service, caId)
  const { certificate } = await admin('ShowPrivateCertificate', { certificateId })
  const user = await person(service, 'user-of-samples', ['PCA ReadOnlyAccess'])
  objects = {
    caId,
    pendingCaId,
    certificateId,
    number: String(certificate.number),
    userName: user.userName,
    accessKeyId: user.accessKeyId,
    policyName: 'PCA ReadOnlyAccess',
    ownPolicyName: 'policy-of-samples',
    groupName: 'group-of-samples',
    roleName: 'role-of-samples',
    accountId: service.credentials.accountId,
  }
  const { ownPolicyName, groupName, roleName, userName, policyName } = objects
  const reads = { Version: '1', Statement: [{ Effect: 'Allow', Action: 'pca:ca:get', Resource: '*' }] }
  const document = JSON.stringify(reads)
  await admin('CreatePolicy', { policyName: ownPolicyName, document })
  await admin('CreatePolicyVersion', { policyName: ownPolicyName, document, setAsDefault: false })
  await admin('CreateGroup', { groupName })
  await admin('AddUserToGroup', { groupName, userName })
  await admin('AttachPolicyToGroup', { groupName, policyName })
  const root = { RAM: [`acs:ram::${service.credentials.accountId}:root`] }
  const trust = { Version: '1', Statement: [{ Effect: 'Allow', Action: 'sts:AssumeRole', Principal: root }] }
  await admin('CreateRole', { roleName, trustPolicy: JSON.stringify(trust) })
  await admin('AttachPolicyToRole', { roleName, policyName })
  stranger = await secondAccount(service)
  nobody = await person(service, 'nobody')
  const deny = { Version: '1', Statement: [{ Effect: 'Deny', Action: '*', Resource: '*' }] }
  denied = await person(service, 'denied', ['ram-1/AdministratorAccess', deny])
  wrongTag = await person(service, 'wrong-tag', [
    {
      Version: '5.0',
      Statement: [{ Effect: 'Allow', Action: ['*'], Condition: { StringEquals: { 'g:ResourceTag/env': ['dev'] } } }],
    },
  ])
  before = state()
})

afterAll(async () => {
  await service[Symbol.asyncDispose]()
})

/** Everything but what a refusal may write (the audit log) and what the clock writes by itself. */
function state(): string {
  const database = new DatabaseSync(join(service.dataFolder, 'certkeep.db'), { readOnly: true })
  const own = new Set([
    ...[
      'audit_entries',
      'audit_log',
      'audit_tiles',
      'meta',
      'jobs',
      'nonces',
      'crls',
      'crl_parts',
      'signings',
      'sqlite_sequence',
    ],
    'access_key_uses', // also of calls that are refused: their signature held
  ])
  const tables = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").all()
  const rows = tables
    .map((row) => String(row['name']))
    .filter((name) => !own.has(name))
    .map((name) => {
      const columns = name === 'cas' ? 'id, version, state, tags' : '*'
      return [name, database.prepare(`SELECT ${columns} FROM "${name}"`).all()]
    })
  database.close()
  return JSON.stringify(rows)
}

interface Twist {
  as?: Caller | undefined
  /** Changes the request after it was signed. */
  headers?: (headers: Record<string, string>) => Record<string, string>
  body?: (body: string) => string
  date?: Date
}

async function send(name: OperationName, { as, headers = (h) => h, body = (b) => b, date }: Twist): Promise<Answer> {
  const url = new URL(`/api/${name}`, service.url)
  const text = JSON.stringify(samples[name](objects))
  const signed: Record<string, string> = as ? huaweiHeaders(as, 'POST', url, text, date ? { date } : {}) : {}
  const response = await fetch(url, { method: 'POST', headers: headers(signed), body: body(text) })
  return { status: response.status, headers: response.headers, body: await response.json() }
}

/** So that the brake on guessing, which has tests of its own, does not answer for the signature. */
async function guessRight(): Promise<void> {
  expect((await send('ListUsers', { as: service.credentials })).status).toBe(200)
}

const expectRefused = (answer: Answer, status: number, code: string) => {
  expect(answer).toMatchObject({ status, body: { error: { code } } })
}

describe.each(names)('%s is refused', (name) => {
  test('without credentials', async () => {
    expectRefused(await send(name, {}), 401, 'Unauthenticated')
  })

  test('with a token that nobody issued', async () => {
    const headers = () => ({ 'x-auth-token': 'A'.repeat(43) })
    expectRefused(await send(name, { headers }), 401, 'Unauthenticated')
  })

  test('with a wrong signature', async () => {
    await guessRight()
    const as = { ...service.credentials, accessKeySecret: 'x'.repeat(40) }
    expectRefused(await send(name, { as }), 401, 'Unauthenticated')
  })

  test('with a body that was changed after signing', async () => {
    const as = service.credentials
    expectRefused(await send(name, { as, body: (body) => `${body} ` }), 401, 'Unauthenticated')
  })

  test('when signed sixteen minutes ago, or ahead', async () => {
    for (const minutes of [-16, 16]) {
      const date = new Date(Date.now() + minutes * 60_000)
      expectRefused(await send(name, { as: service.credentials, date }), 401, 'Unauthenticated')
    }
  })

  if (declared(name).actions.length === 0) return // every user of the account may

  test('without a policy', async () => {
    expectRefused(await send(name, { as: nobody }), 403, 'AccessDenied')
  })

  test('by an explicit deny beside every right', async () => {
    expectRefused(await send(name, { as: denied }), 403, 'AccessDenied')
  })

  test('when the tag is not the one that is allowed', async () => {
    expectRefused(await send(name, { as: wrongTag }), 403, 'AccessDenied')
  })

  if (declared(name).resource?.missing === undefined) return // it makes or lists, and has no object to miss

  test('to another account, as if there were nothing', async () => {
    const answer = await send(name, { as: stranger })
    expect(answer.status).toBe(404)
    expect(answer.body.error.code).toMatch(/NotFound$/)
  })
})

describe('Alibaba’s wire, which has a nonce', () => {
  test.each(['ListUserCertificateOrder', 'DeleteUserCertificate', 'GetUserCertificateDetail', 'UploadUserCertificate'])(
    '%s is refused when it is sent again',
    async (action) => {
      const nonce = `nonce-of-${action}`
      const date = new Date()
      const once = () => alibaba(service.url, stranger, action, { CertId: '1' }, { nonce, date })
      expect((await once()).body.Code).not.toBe('SignatureNonceUsed')
      expect(await once()).toMatchObject({ status: 400, body: { Code: 'SignatureNonceUsed' } })
    },
  )
})

test('none of these refusals did anything', () => {
  expect(state()).toBe(before)
  expect(readFileSync(join(service.dataFolder, 'first-credentials.json'), 'utf8')).toContain(
    service.credentials.accountId,
  )
})

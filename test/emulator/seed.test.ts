import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Seed, SeededCa } from '../../testing/types.d.ts'
import { alibaba, own } from '../support/client.ts'
import { domainTime } from '../support/life.ts'
import { startService, type Service } from '../support/service.ts'
import { control } from './control.ts'

const day = 86_400_000
const page = { limit: 10, offset: 0 }

const seed: Seed = {
  number: 7,
  users: [
    { name: 'reader', policies: ['PCA ReadOnlyAccess'] },
    { name: 'nobody', keys: 0 },
  ],
  cas: [
    {
      name: 'Root',
      cas: [
        {
          name: 'Issuing',
          certificates: [
            { name: 'www.example.test', count: 3 },
            { name: 'old.example.test', state: 'expired', upload: true },
            { name: 'lost.example.test', state: 'revoked' },
          ],
        },
        { name: 'Waiting', state: 'pendingActivation' },
        { name: 'Off', state: 'disabled', certificates: [{ name: 'off.example.test' }] },
        { name: 'Leaving', state: 'pendingDeletion', keepDays: 12 },
        { name: 'Revoked', state: 'revoked' },
      ],
    },
    { name: 'Past', state: 'expired' },
    { name: 'Gone', state: 'destroyed', certificates: [{ name: 'orphan.example.test' }] },
  ],
  accounts: [{ name: 'neighbour', cas: [{ name: 'Theirs' }] }],
}

const plantedBy = async (service: Service, declaration: object = seed) => {
  const { status, body } = await control(service, 'POST', 'seed', declaration)
  expect({ status, error: body.error }).toEqual({ status: 201 })
  return body
}
const everyCa = (cas: readonly SeededCa[]): SeededCa[] => cas.flatMap((ca) => [ca, ...everyCa(ca.cas)])
const namesOf = (planted: { cas: SeededCa[]; users: unknown; accounts: unknown }) => ({
  cas: planted.cas,
  users: planted.users,
  accounts: planted.accounts,
})

describe('a seed', () => {
  let service: Service
  // oxlint-disable-next-line typescript/no-explicit-any -- what a test expects of an answer is in its assertions
  let planted: any
  beforeAll(async () => {
    service = await startService()
    planted = await plantedBy(service)
  })
  afterAll(() => service[Symbol.asyncDispose]())
  const call = (operation: string, input: object) => own(service.url, service.credentials, operation, input)
  const found = (name: string) => everyCa(planted.cas).find((ca) => ca.name === name)!

  test.each([
    ['Root', { state: 'active' }],
    ['Issuing', { state: 'active' }],
    ['Waiting', { state: 'pendingActivation' }],
    ['Off', { state: 'disabled' }],
    ['Leaving', { state: 'pendingDeletion' }],
    ['Past', { state: 'expired' }],
  ])('leaves the CA %s as declared', async (name, state) => {
    expect(await call('ShowCa', { caId: found(name).caId })).toMatchObject(state)
  })

  test('a revoked CA is on its parent’s CRL, a destroyed one is gone and left its final CRL', async () => {
    expect((await call('ShowCa', { caId: found('Revoked').caId })).ca.revokedAt).toEqual(expect.any(Number))
    await expect(call('ShowCa', { caId: found('Gone').caId })).rejects.toThrow('CaNotFound')
    expect((await fetch(`${service.url}/crl/${found('Gone').caId}.crl`)).status).toBe(200)
  })

  test('the day of a deletion is as far away as was asked', async () => {
    const { ca } = await call('ShowCa', { caId: found('Leaving').caId })
    expect(Math.round((ca.dueAt - (await domainTime(service))) / day)).toBe(12)
  })

  test.each([
    ['1.www.example.test', 'valid'],
    ['old.example.test', 'expired'],
    ['lost.example.test', 'revoked'],
  ])('certificate %s is %s', async (name, state) => {
    const { certificateId } = found('Issuing').certificates.find((each) => each.name === name)!
    expect(await call('ShowPrivateCertificate', { certificateId })).toMatchObject({ state })
  })

  test('an expired upload can be deleted by Alibaba’s number', async () => {
    const { certId } = found('Issuing').certificates.find(({ name }) => name === 'old.example.test')!
    const gone = await alibaba(service.url, service.credentials, 'DeleteUserCertificate', { CertId: String(certId) })
    expect(gone.status).toBe(200)
  })

  test('users have their keys and rights', async () => {
    const [reader, nobody] = planted.users
    expect(nobody.keys).toEqual([])
    await expect(own(service.url, reader.keys[0], 'ListCas', page)).resolves.toHaveProperty('total')
    const caId = found('Root').caId
    await expect(own(service.url, reader.keys[0], 'DisableCa', { caId })).rejects.toThrow('AccessDenied')
  })

  test('a further account sees its own only', async () => {
    const { credentials } = planted.accounts[0]
    expect((await own(service.url, credentials, 'ListCas', page)).total).toBe(1)
  })

  test('the clock is what it was, and runs', async () => {
    const { body } = await control(service, 'GET', 'clock')
    expect(body.frozen).toBe(false)
    expect(Math.abs(body.now_ms - Date.now())).toBeLessThan(60_000)
  })

  test('the same number gives the same ids and access keys elsewhere, another number others', async () => {
    await using second = await startService()
    const again = await plantedBy(second)
    expect(namesOf(again)).toEqual(namesOf(planted))
    const other = await plantedBy(second, { number: 8, cas: [{ name: 'Root' }] })
    expect(everyCa(other.cas)[0]!.caId).not.toBe(everyCa(planted.cas)[0]!.caId)
  })

  test.each([
    [{ cas: [{ name: 'x', state: 'revoked' }] }, '/cas/0: a root has nobody'],
    [{ cas: [{ name: 'x', cas: [{ name: 'y', status: 'active' }] }] }, '/cas/0/cas/0/status: is not part of a seed'],
    [
      { cas: [{ name: 'x', validity: '1y', certificates: [{ name: 'y', validity: '2y' }] }] },
      '/cas/0/certificates/0/0',
    ],
    [{ users: [{ name: 'u', policies: ['No Such Policy'] }] }, '/users/0'],
    [{ cas: [{ name: 'x', state: 'pendingActivation', cas: [{ name: 'y' }] }] }, 'there is nothing'],
    [{ seed: 1 }, '/seed: is not part of a seed'],
  ])('that cannot be is refused, and the place is named: %j', async (declaration, said) => {
    const { status, body } = await control(service, 'POST', 'seed', { number: 99, ...declaration })
    expect(status).toBe(400)
    expect(body.error).toContain(said)
    expect((await control(service, 'GET', 'clock')).body.frozen).toBe(false)
  })
})

import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { alibaba, huawei, own } from '../support/client.ts'
import { rootCa } from '../support/life.ts'
import { startService, type Service } from '../support/service.ts'
import { control } from './control.ts'

let service: Service
beforeAll(async () => {
  service = await startService({ workers: 2 })
})
afterAll(() => service[Symbol.asyncDispose]())
afterEach(() => control(service, 'DELETE', 'faults'))

const order = async (fault: object) => {
  const { status, body } = await control(service, 'POST', 'faults', fault)
  expect({ status, body }).toMatchObject({ status: 201 })
}
const list = () => huawei(service.url, service.credentials, 'GET', '/v1/private-certificate-authorities')
const uploads = () => alibaba(service.url, service.credentials, 'ListUserCertificateOrder')
const left = async () =>
  ((await control(service, 'GET', 'faults')).body.faults as { left: number }[]).map((f) => f.left)

describe('a fault', () => {
  test('meets the next calls of its operation, whichever thread has them, and then is over', async () => {
    await order({ operation: 'ListCertificateAuthority', times: 5, status: 500, code: 'PCA.00010002', message: 'down' })
    const show = await huawei(service.url, service.credentials, 'GET', '/v1/private-certificates')
    expect(show.status).toBe(200)
    const answers = await Promise.all(Array.from({ length: 12 }, list))
    expect(answers.filter(({ status }) => status === 500)).toHaveLength(5)
    expect(answers.find(({ status }) => status === 500)!.body).toEqual({
      error_code: 'PCA.00010002',
      error_msg: 'down',
    })
    expect(await left()).toEqual([])
  })

  test('lets as many pass as it was told to skip', async () => {
    await order({ door: 'huawei', skip: 2, status: 503, code: 'PCA.1' })
    const statuses: number[] = []
    for (let call = 0; call < 4; call++) statuses.push((await list()).status)
    expect(statuses).toEqual([200, 200, 503, 200])
  })

  test('speaks the words of each door', async () => {
    await order({ door: 'alibaba', status: 503, code: 'ServiceUnavailable', message: 'Not now.' })
    const { status, body } = await uploads()
    expect(status).toBe(503)
    expect(body).toMatchObject({ Code: 'ServiceUnavailable', Message: 'Not now.', RequestId: expect.any(String) })
    await order({ door: 'own', operation: 'ListCas', status: 418, code: 'Teapot' })
    await expect(own(service.url, service.credentials, 'ListCas')).rejects.toThrow('418 {"error":{"code":"Teapot"')
    await order({ operation: 'crl', status: 502, code: 'any' })
    expect((await fetch(`${service.url}/crl/11111111-2222-4333-8444-555555555555.crl`)).status).toBe(502)
  })

  test('throttles as the door itself would', async () => {
    await order({ door: 'alibaba', throttle: true, retry_after_ms: 1_500 })
    const slow = await uploads()
    expect(slow.body.Code).toBe('Throttling.User')
    expect(slow.headers.get('x-acs-retry-after')).toBe('1500')
    await order({ door: 'huawei', throttle: true, retry_after_ms: 1_500 })
    const waiting = await list()
    expect(waiting.status).toBe(429)
    expect(waiting.headers.get('retry-after')).toBe('2')
  })

  test('drops the connection: before the act, and after it, when only the answer is lost', async () => {
    const before = await rootCa(service, 'Dropped')
    const disable = () => own(service.url, service.credentials, 'DisableCa', { caId: before })
    const state = async () => (await own(service.url, service.credentials, 'ShowCa', { caId: before })).state as string
    await order({ operation: 'DisableCa', drop: true })
    await expect(disable()).rejects.toThrow('fetch failed')
    expect(await state()).toBe('active')
    await order({ operation: 'DisableCa', drop: true, done: true })
    await expect(disable()).rejects.toThrow('fetch failed')
    expect(await state()).toBe('disabled')
  })

  test('delays', async () => {
    await order({ door: 'huawei', delay_ms: 300 })
    const begun = performance.now()
    expect((await list()).status).toBe(200)
    expect(performance.now() - begun).toBeGreaterThanOrEqual(295)
  })

  test.each([
    [{ operation: 'DeleteEverything', drop: true }, 'operation'],
    [{ door: 'aws', drop: true }, 'door'],
    [{ door: 'alibaba', operation: 'ListCertificateAuthority', drop: true }, 'operation'],
    [{ drop: true, throttle: true }, 'one at most'],
    [{ status: 200, code: 'x' }, 'status'],
    [{ status: 500 }, 'code'],
    [{}, 'one is wanted'],
    [{ drop: true, oeration: 'DisableCa' }, 'nothing else'],
    [{ drop: true, times: 0 }, 'times'],
    [{ drop: 'yes' }, 'drop'],
  ])('that could never happen, or says too little, is refused: %j', async (fault, said) => {
    const { status, body } = await control(service, 'POST', 'faults', fault)
    expect(status).toBe(400)
    expect(body.error).toContain(said)
    expect(await left()).toEqual([])
  })

  test('is gone after a reset, which also sets the clock by the host and keeps what was made', async () => {
    const caId = await rootCa(service, 'Kept')
    await order({ drop: true, times: 100 })
    await control(service, 'POST', 'clock', { advance: '10d', frozen: true })
    const { body } = await control(service, 'POST', 'reset')
    expect(body.frozen).toBe(false)
    expect(Math.abs(body.now_ms - Date.now())).toBeLessThan(60_000)
    expect((await own(service.url, service.credentials, 'ShowCa', { caId })).state).toBe('active')
  })
})

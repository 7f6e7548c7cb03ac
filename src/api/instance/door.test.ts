import { describe, expect, test } from 'vitest'
import type { DoorRequest } from '../door.ts'
import { instanceDoor, metricsDoor, type InstanceParts } from './door.ts'

const works = () => Promise.resolve()

function aDoor(given: Partial<InstanceParts> = {}) {
  const clock = { at: 0, now: () => clock.at }
  const reports: unknown[] = []
  const door = instanceDoor({
    checks: { database: works, writer: works, keyring: works },
    metrics: () => Promise.resolve({ contentType: 'text/plain', text: 'certkeep_info 1\n' }),
    instanceCertificate: () => undefined,
    monotonicClock: clock,
    report: (failure) => void reports.push(failure),
    ...given,
  })
  const get = (rawUrl: string, more: Partial<DoorRequest> = {}) =>
    door({
      method: 'GET',
      rawUrl,
      rawHeaders: [],
      body: new Uint8Array(),
      sourceIp: '127.0.0.1',
      secureTransport: false,
      ...more,
    })
  return { clock, reports, get }
}

describe('/readyz', () => {
  test('is 200 while all parts work', async () => {
    const { get } = aDoor()
    expect(await get('/readyz')).toMatchObject({ status: 200, body: '{"ready":true}\n' })
  })

  test('is 503 and names the parts that do not, without their reasons', async () => {
    const broken = () => Promise.reject(new Error('/var/lib/certkeep/keyring is gone'))
    const { get, reports } = aDoor({ checks: { database: works, writer: broken, keyring: broken } })
    expect(await get('/readyz')).toMatchObject({
      status: 503,
      body: '{"ready":false,"failing":["writer","keyring"]}\n',
    })
    expect(reports).toHaveLength(2)
  })

  test('a part that does not answer does not work', async () => {
    const { get } = aDoor({ checks: { writer: () => new Promise(() => undefined) } })
    expect(await get('/readyz')).toMatchObject({ status: 503, body: '{"ready":false,"failing":["writer"]}\n' })
  })

  test('looks once a second, whoever asks how often', async () => {
    let looks = 0
    const { get, clock } = aDoor({
      checks: {
        database: () => {
          looks++
          return works()
        },
      },
    })
    await Promise.all([get('/readyz'), get('/readyz'), get('/readyz')])
    expect(looks).toBe(1)
    clock.at += 1_000
    await get('/readyz')
    expect(looks).toBe(2)
  })
})

describe('/metrics', () => {
  test('is there for callers on this machine', async () => {
    expect(await aDoor().get('/metrics')).toMatchObject({ status: 200, body: 'certkeep_info 1\n' })
    expect((await aDoor().get('/metrics', { sourceIp: '::ffff:127.0.0.1' })).status).toBe(200)
  })

  test.each([
    { sourceIp: '192.0.2.1' },
    { sourceIp: '' },
    { rawHeaders: ['X-Forwarded-For', '127.0.0.1'] },
    { rawHeaders: ['via', '1.1 proxy'] },
    { rawHeaders: ['Forwarded', 'for=127.0.0.1'] },
  ])('is not there for %o', async (more) => {
    expect((await aDoor().get('/metrics', more)).status).toBe(404)
  })

  test('is not there when it has a listener of its own, which answers anybody and nothing else', async () => {
    expect((await aDoor({ metrics: undefined }).get('/metrics')).status).toBe(404)
    const door = metricsDoor(
      () => Promise.resolve({ contentType: 'text/plain', text: 'x 1\n' }),
      () => undefined,
    )
    const request = {
      method: 'GET',
      rawHeaders: [],
      body: new Uint8Array(),
      sourceIp: '192.0.2.1',
      secureTransport: false,
    }
    expect((await door({ ...request, rawUrl: '/metrics' })).status).toBe(200)
    expect((await door({ ...request, rawUrl: '/healthz' })).status).toBe(404)
  })
})

describe('the rest', () => {
  test('/healthz answers', async () => {
    expect(await aDoor().get('/healthz')).toMatchObject({ status: 200, body: 'ok\n' })
  })

  test('the own certificate is there when there is one', async () => {
    const der = Uint8Array.of(0x30, 0)
    expect((await aDoor().get('/ca/instance.cer')).status).toBe(404)
    expect(await aDoor({ instanceCertificate: () => der }).get('/ca/instance.cer')).toMatchObject({
      status: 200,
      body: der,
    })
  })

  test('a path that only begins like one of these is none, and is no label of a metric', async () => {
    for (const path of ['/healthzzz', '/readyz/', '/metrics2'])
      expect(await aDoor().get(path)).toMatchObject({ status: 404 })
    expect((await aDoor().get('/healthz-of-the-caller')).about).toBeUndefined()
  })

  test('nothing is changed here', async () => {
    expect((await aDoor().get('/healthz', { method: 'POST' })).status).toBe(405)
  })
})

import { chmodSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { alibaba, huawei, own } from '../support/client.ts'
import { leaf, rootCa, until } from '../support/life.ts'
import { startService, type Service } from '../support/service.ts'

const metricsOf = async (base: string): Promise<string[]> => (await (await fetch(`${base}/metrics`)).text()).split('\n')

const valueOf = (lines: string[], start: string): number =>
  Number(
    lines
      .find((line) => line.startsWith(`${start} `))
      ?.split(' ')
      .at(-1) ?? Number.NaN,
  )

const wrong = ({ credentials }: Service) => ({ ...credentials, accessKeySecret: 'not the secret' })

describe('/healthz and /readyz', () => {
  test('say that all is well, and which part is not', async () => {
    await using service = await startService({ emulate: false })
    expect(await (await fetch(`${service.url}/healthz`)).text()).toBe('ok\n')
    expect(await (await fetch(`${service.url}/readyz`)).json()).toEqual({ ready: true })

    const keyring = join(service.dataFolder, 'keyring')
    renameSync(keyring, `${keyring}-away`)
    const answer = await until('it is not ready', async () => {
      const response = await fetch(`${service.url}/readyz`)
      return response.status === 503 && ((await response.json()) as unknown)
    })
    expect(answer).toEqual({ ready: false, failing: ['keyring'] })
    expect((await fetch(`${service.url}/healthz`)).status).toBe(200)
    renameSync(`${keyring}-away`, keyring)
    chmodSync(keyring, 0o700)
    await until('it is ready again', async () => (await fetch(`${service.url}/readyz`)).status === 200)
  })
})

describe('/metrics', () => {
  test('count calls by door, operation and outcome, over all threads', async () => {
    await using service = await startService({ emulate: false, workers: 3 })
    const caId = await rootCa(service)
    for (let at = 0; at < 12; at++) await own(service.url, service.credentials, 'ShowCa', { caId })
    await leaf(service, caId)
    await huawei(service.url, service.credentials, 'GET', '/v1/private-certificate-authorities')
    await alibaba(service.url, service.credentials, 'ListUserCertificateOrder')
    await alibaba(service.url, wrong(service), 'ListUserCertificateOrder')
    await huawei(service.url, wrong(service), 'GET', '/v1/private-certificate-authorities')
    await huawei(service.url, service.credentials, 'POST', '/api/ShowCa', { caId: crypto.randomUUID() })

    const lines = await metricsOf(service.url)
    const requests = (door: string, operation: string, outcome: string) =>
      valueOf(lines, `certkeep_http_requests_total{door="${door}",operation="${operation}",outcome="${outcome}"}`)
    expect(requests('own', 'ShowCa', 'ok')).toBe(12)
    expect(requests('own', 'ShowCa', 'refused')).toBe(1)
    expect(requests('own', 'CreateCa', 'ok')).toBe(1)
    expect(requests('huawei', 'ListCertificateAuthority', 'ok')).toBe(1)
    expect(requests('alibaba', 'ListUserCertificateOrder', 'ok')).toBe(1)
    expect(requests('alibaba', 'none', 'unauthenticated')).toBe(1)
    expect(valueOf(lines, 'certkeep_refusals_total{outcome="unauthenticated",reason="SignatureDoesNotMatch"}')).toBe(1)
    expect(valueOf(lines, 'certkeep_refusals_total{outcome="unauthenticated",reason="APIG.0301"}')).toBe(1)
    expect(valueOf(lines, 'certkeep_commit_sets_total')).toBeGreaterThan(2)
    expect(valueOf(lines, 'certkeep_certificates_expiring{days="30"}')).toBe(0)
    expect(lines.some((line) => line.startsWith('process_resident_memory_bytes'))).toBe(true)
  })

  test('hold no ids, no names and no secrets', async () => {
    await using service = await startService({ emulate: false })
    const caId = await rootCa(service, 'Name of a CA')
    const certificateId = await leaf(service, caId, 'name.example.com')
    await huawei(service.url, service.credentials, 'GET', `/v1/private-certificates/${certificateId}`)
    await fetch(`${service.url}/crl/${caId}.crl`)
    await fetch(`${service.url}/api/NoSuchOperation-of-a-caller`, { method: 'POST' })
    await fetch(`${service.url}/healthz-of-a-caller`)
    await fetch(`${service.url}/?Action=ActionOfACaller&Version=2020-04-07&AccessKeyId=x&Signature=y`)
    const text = (await metricsOf(service.url)).join('\n')
    const { accountId, accessKeyId, accessKeySecret, userName, password, domainId } = service.credentials
    for (const word of [caId, certificateId, accountId, accessKeyId, accessKeySecret, password, domainId])
      expect(text).not.toContain(word)
    for (const word of [`"${userName}"`, 'Name of a CA', 'name.example.com', 'caller', 'Caller', service.dataFolder])
      expect(text).not.toContain(word)
  })

  test('are not there for others than this machine, and have a listener of their own if told so', async () => {
    await using service = await startService({ emulate: false, environment: { CERTKEEP_TRUSTED_PROXIES: '127.0.0.1' } })
    const asked = (headers: Record<string, string>) => fetch(`${service.url}/metrics`, { headers })
    expect((await asked({})).status).toBe(200)
    expect((await asked({ 'x-forwarded-for': '192.0.2.1' })).status).toBe(404)
    expect((await asked({ 'x-forwarded-for': '127.0.0.1' })).status).toBe(404)

    await using apart = await startService({ emulate: false, args: ['--metrics-listen', '127.0.0.1:0'] })
    expect((await fetch(`${apart.url}/metrics`)).status).toBe(404)
    const base = /Metrics +(http:\S+)\/metrics/.exec(apart.banner)![1]!
    expect((await metricsOf(base)).some((line) => line.startsWith('certkeep_info'))).toBe(true)
    expect((await fetch(`${base}/healthz`)).status).toBe(404)
    expect(await apart.stop()).toBe(0)
  })
})

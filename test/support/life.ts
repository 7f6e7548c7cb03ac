import { setTimeout as sleep } from 'node:timers/promises'
import { own } from './client.ts'
import type { Service } from './service.ts'

/** Steps of a CA's life through the own door, for tests that are about something else. */
export async function rootCa(service: Service, commonName = 'Root'): Promise<string> {
  const { caId } = await own(service.url, service.credentials, 'CreateCa', {
    type: 'root',
    subject: { commonName, country: 'CN', organization: 'Test' },
    keyAlgorithm: 'p256',
    signatureHash: 'sha256',
    validity: { unit: 'year', amount: 10 },
  })
  return caId as string
}

export async function leaf(service: Service, issuerId: string, commonName = 'a.example.com'): Promise<string> {
  const { certificateId } = await own(service.url, service.credentials, 'IssueCertificate', {
    issuerId,
    subject: { commonName },
    keyAlgorithm: 'p256',
    validity: { unit: 'day', amount: 90 },
    names: [{ type: 'dns', value: commonName }],
    extendedKeyUsages: ['1.3.6.1.5.5.7.3.1'],
  })
  return certificateId as string
}

/** Moves the emulator's clock; resolves when everything that fell due has been done. */
export async function advance(service: Pick<Service, 'url'>, days: number): Promise<void> {
  const response = await fetch(`${service.url}/emulator/clock`, {
    method: 'POST',
    body: JSON.stringify({ advance_days: days }),
  })
  if (response.status !== 200) throw new Error(`the clock did not move: ${await response.text()}`)
}

export async function crl(service: Pick<Service, 'url'>, caId: string): Promise<Buffer | undefined> {
  const response = await fetch(`${service.url}/crl/${caId}.crl`)
  return response.status === 200 ? Buffer.from(await response.arrayBuffer()) : undefined
}

/** Asks until it is so, for what a job does within a moment. */
export async function until<T>(what: string, ask: () => Promise<T | undefined | false>, seconds = 20): Promise<T> {
  for (let tries = 0; tries < seconds * 20; tries++) {
    const answer = await ask()
    if (answer !== undefined && answer !== false) return answer
    await sleep(50)
  }
  throw new Error(`not within ${seconds} s: ${what}`)
}

/** The emulator's clock, ms since 1970. */
export async function domainTime(service: Pick<Service, 'url'>): Promise<number> {
  const response = await fetch(`${service.url}/emulator/clock`)
  return ((await response.json()) as { now_ms: number }).now_ms
}

import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { der, issuerIdentifiers, parseCertificate } from '../../src/x509/index.ts'
import { own } from '../../test/support/client.ts'
import type { Service } from '../../test/support/service.ts'
import { aP256Root, startCertkeep } from '../certkeep.ts'
import { load } from '../load.ts'
import { startOcspserve } from '../peers/ocspserve.ts'
import { interleaved, type Figure } from './row.ts'

const serialsCount = 100_000
const connections = 32
const seconds = 4

/** OCSP by POST over 100,000 serials in turn, all of them signed before the run, against cfssl's ocspserve with the same answers. */
export async function ocsp(): Promise<Figure[]> {
  await using service = await startCertkeep()
  const caId = await aP256Root(service)
  const serials = putOnLedger(service, caId)
  const { certificate } = await own(service.url, service.credentials, 'ExportCaCertificate', { caId })
  const { subjectDer, spki } = parseCertificate(Buffer.from(certificate as string, 'base64')).tbs
  const [issuer] = issuerIdentifiers(subjectDer, spki.keyBits)
  const asked = serials.map((serial) => {
    const certId = der.sequence(issuer!, der.integer(Buffer.from(serial, 'hex')))
    return Buffer.from(der.sequence(der.sequence(der.sequence(der.sequence(certId)))))
  })
  const path = `/ocsp/${caId}`
  while ((await answerTo(service, path, asked[0]!)).length < 10) await sleep(50) // its responder is on the way

  const binary = (address: string, target: string) =>
    asked.map(
      (body) =>
        `POST ${target} HTTP/1.1\r\nhost: ${address}\r\ncontent-type: application/ocsp-request\r\ncontent-length: ${body.length}\r\n\r\n${body.toString('latin1')}`,
    )
  await using peer = await startOcspserve(answersOf(service, path, asked))
  const ours = { address: service.endpoint, requests: binary(service.endpoint, path) }
  const theirs = { address: peer.address, requests: binary(peer.address, '/') }
  // Each thread signs for itself: connections come to both of them, until both have signed everything.
  for (let times = 0; times < 4; times++) await load({ ...ours, connections, seconds, encoding: 'latin1', again: true })
  await load({ ...theirs, connections, seconds: 2, encoding: 'latin1', again: true })

  const measured = await interleaved({
    ours: () => load({ ...ours, connections, seconds, encoding: 'latin1', again: true }),
    theirs: () => load({ ...theirs, connections, seconds, encoding: 'latin1', again: true }),
  })
  const ratio = measured.ours.requestsPerSecond / measured.theirs.requestsPerSecond
  return [
    {
      name: 'ocsp-vs-cfssl-ocspserve',
      value: measured.ours.requestsPerSecond,
      unit: 'answers/s',
      yardstick: `cfssl ocspserve, the same answers (p99 ${measured.theirs.p99Ms} ms)`,
      yardstickValue: measured.theirs.requestsPerSecond,
      ratio,
      reach: '≥ 1.5 ×',
      reached: ratio >= 1.5,
      p50Ms: measured.ours.p50Ms,
      p99Ms: measured.ours.p99Ms,
    },
  ]
}

/** Issuances beside the service, which issues some thousand a second: here the answers matter. */
function putOnLedger(service: Service, caId: string): string[] {
  const database = new DatabaseSync(join(service.dataFolder, 'certkeep.db'), { timeout: 10_000 })
  const insert = database.prepare('INSERT INTO issuances VALUES (?, ?, ?, ?, ?, ?, ?)')
  const digest = new Uint8Array(32)
  const [now, end] = [Date.now(), Date.now() + 90 * 86_400_000]
  const serials = Array.from({ length: serialsCount }, () => {
    const bytes = randomBytes(16)
    bytes[0] = (bytes[0]! & 0x3f) | 0x40
    return bytes.toString('hex')
  })
  database.exec('BEGIN IMMEDIATE')
  for (const serial of serials) insert.run(caId, serial, 'leaf', end, digest, digest, now)
  database.exec('COMMIT')
  database.close()
  return serials
}

async function answerTo(service: Service, path: string, body: Buffer): Promise<Uint8Array> {
  const response = await fetch(`${service.url}${path}`, { method: 'POST', body: new Uint8Array(body) })
  return new Uint8Array(await response.arrayBuffer())
}

async function* answersOf(service: Service, path: string, asked: readonly Buffer[]): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < asked.length; at += 64)
    yield* await Promise.all(asked.slice(at, at + 64).map((body) => answerTo(service, path, body)))
}

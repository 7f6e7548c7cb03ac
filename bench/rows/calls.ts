import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { alibaba } from '../../test/support/client.ts'
import type { Service } from '../../test/support/service.ts'
import { alibabaRequest, startCertkeep } from '../certkeep.ts'
import { load, request, warm, type Measured } from '../load.ts'
import { startBareHttp } from '../peers/bare-http.ts'
import { interleaved, rounds, type Figure } from './row.ts'

const connections = 32
const seconds = 3
/** More than can be sent. */
const noopsASecond = 40_000
const deletesARun = 12_000

/** A call that passes signature, nonce and IAM and reads nothing: order types answer empty lists. */
const noop = (service: Service): string => alibabaRequest(service, 'ListUserCertificateOrder', { OrderType: 'BUY' })

/** `DeleteUserCertificate` against that call, and that call against a bare server. */
export async function calls(): Promise<Figure[]> {
  await using service = await startCertkeep()
  await using bare = await startBareHttp(2)
  const bareRequest = request('POST', '/?OrderType=BUY', { host: bare.address })
  const numbers = await uploads(service, deletesARun * (rounds + 1))
  const noops = (s: number) => {
    const requests = Array.from({ length: noopsASecond * s }, () => noop(service))
    return load({ address: service.endpoint, requests, connections, seconds: s })
  }
  await warm(() => noops(1), 40_000)
  let round = 0
  const deletions = () => deletion(service, numbers.slice(round++ * deletesARun, round * deletesARun))
  await deletions()

  const measured = await interleaved({
    noop: () => noops(seconds),
    bare: () => load({ address: bare.address, requests: [bareRequest], connections, seconds }),
    delete: deletions,
  })
  const row = (
    name: string,
    value: Measured,
    against: Measured,
    yardstick: string,
    reach: number,
    p99: boolean,
  ): Figure => {
    const ratio = value.requestsPerSecond / against.requestsPerSecond
    return {
      name,
      value: value.requestsPerSecond,
      unit: 'calls/s',
      yardstick,
      yardstickValue: against.requestsPerSecond,
      ratio,
      reach: `≥ ${reach} ×`,
      reached: ratio >= reach && p99,
      p50Ms: value.p50Ms,
      p99Ms: value.p99Ms,
    }
  }
  return [
    row(
      'delete-vs-noop',
      measured.delete,
      measured.noop,
      'our own authenticated call that reads nothing',
      0.2,
      measured.delete.p99Ms <= 30,
    ),
    row('noop-vs-bare-http', measured.noop, measured.bare, 'a bare node:http server, 2 threads', 0.4, true),
  ]
}

/** As long as the certificates last: a second at a time, so that none is deleted twice. */
async function deletion(service: Service, numbers: readonly string[]): Promise<Measured> {
  const requests = numbers.map((CertId) => alibabaRequest(service, 'DeleteUserCertificate', { CertId }))
  const measured = await load({ address: service.endpoint, requests, connections, seconds: 1 })
  if (measured.requests > numbers.length) throw new Error('the certificates ran out before the time did')
  return measured
}

/** Uploads the same certificate under many names. */
async function uploads(service: Service, count: number): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'certkeep-bench-upload-'))
  const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')]
  execFileSync('openssl', ['ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', key])
  execFileSync('openssl', [
    'req',
    '-x509',
    '-new',
    '-key',
    key,
    '-subj',
    '/CN=bench',
    '-days',
    '90',
    '-out',
    certificate,
  ])
  const [Key, Cert] = [readFileSync(key, 'utf8'), readFileSync(certificate, 'utf8')]
  const numbers: string[] = []
  let next = 0
  const client = async () => {
    for (let index = next++; index < count; index = next++) {
      const { status, body } = await alibaba(
        service.url,
        service.credentials,
        'UploadUserCertificate',
        { Name: `b${index}`, Cert, Key },
        { form: true },
      )
      if (status !== 200) throw new Error(JSON.stringify(body))
      numbers.push(String(body.CertId))
    }
  }
  await Promise.all(Array.from({ length: 32 }, client)).catch((cause: unknown) => {
    throw new Error(`an upload failed; the service said: ${service.log()}`, { cause })
  })
  return numbers
}

import { execFile } from 'node:child_process'
import { createHash, createHmac, generateKeyPairSync } from 'node:crypto'
import { copyFileSync, cpSync } from 'node:fs'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Lock, Unlock } from '../../src/backup/index.ts'
import { temporaryFolder } from '../support/service.ts'

const launcher = fileURLToPath(new URL('../../bin/certkeep.js', import.meta.url))

export interface Ran {
  code: number
  out: string
  err: string
}

/** The command line as an operator uses it. */
export const certkeep = (args: readonly string[], environment: Record<string, string> = {}): Promise<Ran> =>
  new Promise((resolve) =>
    execFile(process.execPath, [launcher, ...args], { env: { ...process.env, ...environment } }, (error, out, err) =>
      resolve({ code: error ? Number(error.code ?? -1) : 0, out, err }),
    ),
  )

/** Somewhere to keep backups, with what seals and opens them. */
export function aSafe(): { at: (name: string) => string; lock: Lock; unlock: Unlock } {
  const folder = temporaryFolder()
  const { publicKey, privateKey } = generateKeyPairSync('x25519')
  return { at: (name) => join(folder, name), lock: { recipient: publicKey }, unlock: { privateKey } }
}

/** What an operator puts into a folder before a restore: the master key, and perhaps the keyring as it is now. */
export function aNewFolder(from: string, { keyring }: { keyring: boolean }): string {
  const folder = temporaryFolder()
  copyFileSync(join(from, 'master.key'), join(folder, 'master.key'))
  // The tests' way in: who restores has their access key elsewhere.
  copyFileSync(join(from, 'first-credentials.json'), join(folder, 'first-credentials.json'))
  if (keyring) cpSync(join(from, 'keyring'), join(folder, 'keyring'), { recursive: true })
  return folder
}

/** A small server that speaks as much of the S3 API as a mirror needs, and checks every signature by SigV4's own words. */
export async function s3Like(): Promise<
  {
    access: { endpoint: string; accessKeyId: string; secretAccessKey: string }
    objects: Map<string, Buffer>
  } & AsyncDisposable
> {
  const accessKeyId = 'AKIDEXAMPLE'
  const secretAccessKey = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY'
  const objects = new Map<string, Buffer>()
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const body = Buffer.concat(chunks)
      const url = new URL(request.url!, 'http://store')
      const end = (status: number, answer: Buffer | string = '') => response.writeHead(status).end(answer)
      if (!isSigned(request, url, body, { accessKeyId, secretAccessKey })) return end(403, 'SignatureDoesNotMatch')
      const key = decodeURIComponent(url.pathname.slice('/audit/'.length))
      if (request.method === 'PUT') {
        objects.set(key, body)
        return end(200)
      }
      if (url.searchParams.get('list-type') !== '2') {
        const found = objects.get(key)
        return found ? end(200, found) : end(404)
      }
      // Two at a time, so that who lists has to go on.
      const prefix = url.searchParams.get('prefix')!
      const after = url.searchParams.get('continuation-token') ?? ''
      const keys = [...objects.keys()].filter((each) => each.startsWith(prefix) && each > after).toSorted()
      const page = keys.slice(0, 2)
      const more = keys.length > 2
      return end(
        200,
        `<ListBucketResult>${page.map((each) => `<Contents><Key>${each}</Key></Contents>`).join('')}<IsTruncated>${more}</IsTruncated>${
          more ? `<NextContinuationToken>${page.at(-1)}</NextContinuationToken>` : ''
        }</ListBucketResult>`,
      )
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    access: { endpoint, accessKeyId, secretAccessKey },
    objects,
    [Symbol.asyncDispose]: () => new Promise((resolve) => void server.close(() => resolve())),
  }
}

/** AWS Signature Version 4, from its description. */
function isSigned(
  { method, headers }: IncomingMessage,
  url: URL,
  body: Buffer,
  { accessKeyId, secretAccessKey }: { accessKeyId: string; secretAccessKey: string },
): boolean {
  const sha256 = (data: Buffer | string) => createHash('sha256').update(data).digest('hex')
  const hmac = (key: Buffer | string, text: string) => createHmac('sha256', key).update(text).digest()
  const [, credential, names, signature] =
    /^AWS4-HMAC-SHA256 Credential=([^,]+), SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/.exec(
      headers.authorization ?? '',
    ) ?? []
  if (credential === undefined || headers['x-amz-content-sha256'] !== sha256(body)) return false
  const [id, day, region, service, last] = credential.split('/')
  const query = url.search.slice(1).split('&').filter(Boolean).toSorted().join('&')
  const lines = names!.split(';').map((name) => `${name}:${String(headers[name]).trim()}\n`)
  const canonical = [method, url.pathname, query, lines.join(''), names, sha256(body)].join('\n')
  const toSign = `AWS4-HMAC-SHA256\n${String(headers['x-amz-date'])}\n${day}/${region}/${service}/${last}\n${sha256(canonical)}`
  let key = hmac(`AWS4${secretAccessKey}`, day!)
  for (const part of [region!, service!, last!]) key = hmac(key, part)
  return id === accessKeyId && hmac(key, toSign).toString('hex') === signature
}

import { readdirSync, readFileSync } from 'node:fs'
import type { RawRequest } from '../../../src/api/alibaba/read-request.ts'

/** A signed request as a vendor's client sends it; see README.md. */
export interface RequestVector {
  /** Section of the contract alibaba-wire. */
  section: string
  title: string
  accessKeySecret?: string
  securityToken?: string
  bearerToken?: string
  /** The time in the request. */
  now: string
  request: { method: string; url: string; headers: string[]; body: string }
  expected: {
    style: 'acs3' | 'v1' | 'bearer'
    format: 'JSON' | 'XML'
    accessKeyId?: string
    action: string
    version: string
    /** Without the common ones. */
    parameters: Record<string, string>
    canonicalQuery?: string
    canonicalRequest?: string
    stringToSign?: string
    signature?: string
  }
}

export const requestVectors: RequestVector[] = readdirSync(import.meta.dirname)
  .filter((name) => name.endsWith('.json'))
  .map((name) => JSON.parse(readFileSync(`${import.meta.dirname}/${name}`, 'utf8')) as RequestVector)

export function rawRequestOf({ request }: RequestVector): RawRequest {
  return { method: request.method, rawUrl: request.url, rawHeaders: request.headers, body: Buffer.from(request.body) }
}

/** The vector of a file, for a test that changes something in it. */
export function vectorNamed(title: string): RequestVector {
  const vector = requestVectors.find((candidate) => candidate.title === title)
  if (!vector) throw new Error(`there is no vector called ${title}`)
  return vector
}

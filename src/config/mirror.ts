import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

/** Where the audit log is mirrored to: a folder, or an S3-compatible store. */
export type MirrorConfig =
  | { kind: 'folder'; folder: string }
  | {
      kind: 's3'
      endpoint: string
      region: string
      bucket: string
      prefix: string
      accessKeyId: string
      secretAccessKey: string
    }

const credential = 'certkeep-audit-mirror'

/**
 * Reads `s3://bucket/prefix?endpoint=https://…&region=…`, or the path of a folder.
 * @param environment for the file with the store's access key: CERTKEEP_AUDIT_MIRROR_CREDENTIALS_FILE, or systemd's credential
 *   `certkeep-audit-mirror`; JSON with accessKeyId and secretAccessKey
 * @throws Error one sentence for the operator
 */
export function mirrorOf(
  text: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): MirrorConfig | undefined {
  if (text === undefined) return undefined
  if (!text.startsWith('s3:')) return { kind: 'folder', folder: resolve(text) }
  const url = URL.parse(text)
  const endpoint = URL.parse(url?.searchParams.get('endpoint') ?? '')
  const isEndpoint = endpoint && ['http:', 'https:'].includes(endpoint.protocol) && endpoint.username === ''
  if (!url || url.hostname === '' || !isEndpoint || !['', '/'].includes(endpoint.pathname))
    throw new Error('CERTKEEP_AUDIT_MIRROR must be a folder, or s3://bucket/prefix?endpoint=https://…&region=….')
  const credentials = environment['CREDENTIALS_DIRECTORY']
  const path =
    environment['CERTKEEP_AUDIT_MIRROR_CREDENTIALS_FILE'] || (credentials ? join(credentials, credential) : undefined)
  if (path === undefined)
    throw new Error('An audit mirror in an S3 store wants its access key in CERTKEEP_AUDIT_MIRROR_CREDENTIALS_FILE.')
  return {
    kind: 's3',
    endpoint: endpoint.origin,
    region: url.searchParams.get('region') ?? 'us-east-1',
    bucket: url.hostname,
    prefix: decodeURIComponent(url.pathname).replace(/^\/+|\/+$/g, ''),
    ...accessKeyIn(path),
  }
}

function accessKeyIn(path: string): { accessKeyId: string; secretAccessKey: string } {
  const key = jsonIn(path) as { accessKeyId?: unknown; secretAccessKey?: unknown } | null
  if (typeof key?.accessKeyId !== 'string' || typeof key.secretAccessKey !== 'string')
    throw new Error(`${path} holds no access key for the audit mirror (JSON with accessKeyId and secretAccessKey).`)
  return { accessKeyId: key.accessKeyId, secretAccessKey: key.secretAccessKey }
}

function jsonIn(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as unknown
  } catch {
    return null // the same as a content that is no key
  }
}

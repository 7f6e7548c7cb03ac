import { createHash, createHmac } from 'node:crypto'

/** An access key with its secret. */
export interface AccessKey {
  accessKeyId: string
  accessKeySecret: string
  /** Of a temporary key, which is nothing without it. */
  securityToken?: string | undefined
}

export interface ToSign {
  method: string
  /** Its path must need no percent-encoding, and it has no query: operations have names of letters. */
  url: URL
  body: string
  /** Milliseconds since 1970, of the wall clock: the service takes 15 minutes of difference. */
  at: number
  dryRun?: boolean
}

/**
 * The headers that sign a request with SDK-HMAC-SHA256, as our own door wants it. Host, date and content type are under
 * the signature, and the body by its hash.
 */
export function signedHeaders(accessKey: AccessKey, request: ToSign): Record<string, string> {
  const { accessKeyId, accessKeySecret, securityToken } = accessKey
  const { method, url, body, at, dryRun = false } = request
  const date = `${new Date(at).toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`
  const headers: Record<string, string> = { 'content-type': 'application/json', host: url.host, 'x-sdk-date': date }
  if (dryRun) headers['x-certkeep-dry-run'] = 'true'
  if (securityToken !== undefined) headers['x-security-token'] = securityToken
  const names = Object.keys(headers).toSorted()
  const canonicalRequest = [
    method,
    url.pathname.endsWith('/') ? url.pathname : `${url.pathname}/`,
    '',
    names.map((name) => `${name}:${headers[name]}\n`).join(''),
    names.join(';'),
    sha256(body),
  ].join('\n')
  const signature = createHmac('sha256', accessKeySecret)
    .update(`SDK-HMAC-SHA256\n${date}\n${sha256(canonicalRequest)}`)
    .digest('hex')
  return {
    ...headers,
    authorization: `SDK-HMAC-SHA256 Access=${accessKeyId}, SignedHeaders=${names.join(';')}, Signature=${signature}`,
  }
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

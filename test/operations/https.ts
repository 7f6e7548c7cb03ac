import { request as requestHttps, type RequestOptions } from 'node:https'
import type { TLSSocket } from 'node:tls'
import { X509Certificate } from 'node:crypto'

export interface SecureAnswer {
  status: number
  headers: Record<string, string | string[] | undefined>
  body: string
  /** What the server showed. */
  certificate: X509Certificate
}

/** A request over TLS that trusts `ca` (PEM) and nothing else; every call is a connection of its own. */
export function overTls(
  url: string,
  ca: string,
  { body, ...options }: RequestOptions & { body?: string } = {},
): Promise<SecureAnswer> {
  return new Promise((resolve, reject) => {
    const request = requestHttps(url, { ca, agent: false, ...options }, (response) => {
      const { raw } = (response.socket as TLSSocket).getPeerCertificate()
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks).toString(),
          certificate: new X509Certificate(raw),
        }),
      )
    })
    request.once('error', reject)
    request.end(body)
  })
}

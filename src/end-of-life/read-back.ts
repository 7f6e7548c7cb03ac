import { createHash } from 'node:crypto'
import type { Ca } from '../ca/index.ts'
import { crlChunks, type CrlRecord, type RevocationStore } from '../revocation/index.ts'
import { parseCertificate, parseCrl } from '../x509/index.ts'

export interface ReadBackNeeds {
  revocations: RevocationStore
  /**
   * Fetches what is served at a URL that our certificates name; throws when that is not 200 or longer than `maxBytes`. Undefined
   * where no such URL is configured.
   */
  readUrl: ((url: string, maxBytes: number) => Promise<Uint8Array>) | undefined
}

/**
 * What was published is what was signed, and is what verifiers get: in the store, and at every URL that an unexpired certificate
 * names. After the key is gone nobody could put it right.
 * @returns the URLs that were read
 */
export async function readBack(
  { revocations, readUrl }: ReadBackNeeds,
  ca: Ca,
  crl: CrlRecord,
  crlUrls: readonly string[],
): Promise<string[]> {
  const bytes = Buffer.concat(await Array.fromAsync(crlChunks(revocations, crl)))
  if (!isTheOne(bytes, crl)) throw new Error(`the final CRL of CA ${ca.id} reads back changed`)
  const { tbs } = parseCertificate(ca.certificate!)
  if (!parseCrl(bytes).verify(tbs.spki)) throw new Error(`the final CRL of CA ${ca.id} does not verify`)
  if (!readUrl) return []
  for (const url of crlUrls) {
    let served: Uint8Array
    try {
      served = await readUrl(url, crl.size)
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      throw new Error(`the final CRL of CA ${ca.id} cannot be read back from ${url}: ${why}`, { cause: error })
    }
    if (!isTheOne(served, crl)) throw new Error(`${url} does not serve the final CRL of CA ${ca.id}, but another`)
  }
  return [...crlUrls]
}

const isTheOne = (bytes: Uint8Array, { sha256 }: CrlRecord): boolean =>
  createHash('sha256').update(bytes).digest().equals(sha256)

import { createReadStream, existsSync } from 'node:fs'
import { join } from 'node:path'
import { CredentialsError } from './errors.ts'
import type { AccessKey } from './sign.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** What a credentials file holds; files of `access-key create --save` have no password. */
export interface Credentials extends AccessKey {
  accountName?: string
  userName?: string
  password?: string
}

const maxBytes = 65_536

/** Where the first start of a service in this folder puts its credentials. */
export const firstCredentialsPath = (environment: Environment): string =>
  join(environment['CERTKEEP_HOME'] ?? 'data', 'first-credentials.json')

/**
 * The access key to sign with: of the named file, else of CERTKEEP_ACCESS_KEY_ID and CERTKEEP_ACCESS_KEY_SECRET (and
 * CERTKEEP_SECURITY_TOKEN for a temporary key), else of
 * `first-credentials.json` in CERTKEEP_HOME or ./data. @throws CredentialsError
 */
export async function findAccessKey(file: string | undefined, environment: Environment): Promise<AccessKey> {
  if (file !== undefined) return keyOf(await readCredentials(file), file)
  const accessKeyId = environment['CERTKEEP_ACCESS_KEY_ID'] || undefined
  const accessKeySecret = environment['CERTKEEP_ACCESS_KEY_SECRET'] || undefined
  const securityToken = environment['CERTKEEP_SECURITY_TOKEN'] || undefined
  if (accessKeyId !== undefined && accessKeySecret !== undefined)
    return checked({ accessKeyId, accessKeySecret, securityToken }, 'the environment')
  if (accessKeyId !== undefined || accessKeySecret !== undefined)
    throw new CredentialsError('CERTKEEP_ACCESS_KEY_ID and CERTKEEP_ACCESS_KEY_SECRET belong together; one is missing')
  const path = firstCredentialsPath(environment)
  if (!existsSync(path))
    throw new CredentialsError(
      'no credentials: name a file with --credentials, or set CERTKEEP_ACCESS_KEY_ID and CERTKEEP_ACCESS_KEY_SECRET ' +
        `(there is no ${path} either)`,
    )
  return keyOf(await readCredentials(path), path)
}

/** Reads a credentials file (JSON). @throws CredentialsError */
export async function readCredentials(path: string): Promise<Partial<Credentials>> {
  let value: unknown
  try {
    value = JSON.parse(await readStart(path))
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    // The parser's own words would quote what it read.
    throw new CredentialsError(
      typeof code === 'string'
        ? `the credentials file ${path} cannot be read (${code})`
        : `the credentials file ${path} does not hold JSON`,
    )
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new CredentialsError(`the credentials file ${path} does not hold a JSON object`)
  return value
}

/** No more than a credentials file can have; it may be a pipe, as in `--credentials <(…)`. */
async function readStart(path: string): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of createReadStream(path, { end: maxBytes - 1 })) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}

function keyOf({ accessKeyId, accessKeySecret, securityToken }: Partial<Credentials>, path: string): AccessKey {
  if (typeof accessKeyId !== 'string' || typeof accessKeySecret !== 'string')
    throw new CredentialsError(`the credentials file ${path} lacks accessKeyId or accessKeySecret`)
  return checked({ accessKeyId, accessKeySecret, securityToken }, path)
}

function checked(key: AccessKey, where: string): AccessKey {
  if (!/^[A-Za-z0-9_.-]{1,128}$/.test(key.accessKeyId))
    throw new CredentialsError(`the access key id of ${where} is not one`)
  // It is a header: anything else than visible characters would end it, or be refused with its text in the message.
  if (key.securityToken !== undefined && !/^[\x21-\x7e]{1,16384}$/.test(key.securityToken))
    throw new CredentialsError(`the security token of ${where} is not one`)
  return key
}

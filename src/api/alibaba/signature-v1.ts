/** Signature v1: `SignatureMethod=HMAC-SHA1`, `SignatureVersion=1.0` (contract alibaba-wire §2). */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { compareBytes, percentEncode } from './percent.ts'

export interface SignedParameters {
  method: string
  /** Decoded, query and form together, the common ones and `Signature` included. */
  parameters: ReadonlyMap<string, string>
}

/** Step 2 and 3: `E(name)=E(value)` sorted by name, without `Signature`. */
export function canonicalQueryV1(parameters: ReadonlyMap<string, string>): string {
  return canonicalQuery(parameters, percentEncode)
}

/** Step 4: `METHOD&%2F&E(canonical query)`. Holds secrets: see `shownStringToSignV1`. */
export function stringToSignV1({ method, parameters }: SignedParameters): string {
  return `${method}&%2F&${percentEncode(canonicalQueryV1(parameters))}`
}

/** The string to sign as a refusal may repeat it: the values of secret parameters are `***`. */
export function shownStringToSignV1({ method, parameters }: SignedParameters): string {
  const shown = canonicalQuery(parameters, (value, name) => (isSecret(name) ? '***' : percentEncode(value)))
  // Percent-encoded text has no asterisk of its own, so the marks can be kept readable.
  return `${method}&%2F&${percentEncode(shown).replaceAll('%2A%2A%2A', '***')}`
}

/** Step 5: HMAC-SHA1 under the access key's secret followed by `&`; 20 bytes. */
export function signV1(secret: string | Uint8Array, stringToSign: string): Buffer {
  return createHmac('sha1', Buffer.concat([Buffer.from(secret), Buffer.from('&')]))
    .update(stringToSign)
    .digest()
}

/** The 20 bytes of a `Signature` parameter, or undefined when it is not base64 of 20 bytes. */
export function decodeSignatureV1(text: string): Buffer | undefined {
  return /^[A-Za-z0-9+/]{27}=$/.test(text) ? Buffer.from(text, 'base64') : undefined
}

/** Whether the signature was made with this secret over these parameters. Takes the same time for any 20 bytes. */
export function verifyV1(request: SignedParameters, signature: Uint8Array, secret: string | Uint8Array): boolean {
  const expected = signV1(secret, stringToSignV1(request))
  return signature.length === expected.length && timingSafeEqual(signature, expected)
}

/** Whether a parameter's value must appear in no answer and no log. A tag's key (`Tags.1.Key`) is not one. */
function isSecret(name: string): boolean {
  const last = name.slice(name.lastIndexOf('.') + 1)
  return name === 'Key' || /private_?key|secret|passw|passphrase|plaintext|^securitytoken$|^bearertoken$/i.test(last)
}

function canonicalQuery(
  parameters: ReadonlyMap<string, string>,
  encode: (value: string, name: string) => string,
): string {
  return [...parameters]
    .filter(([name]) => name !== 'Signature')
    .sort(([a], [b]) => compareBytes(a, b))
    .map(([name, value]) => `${percentEncode(name)}=${encode(value, name)}`)
    .join('&')
}

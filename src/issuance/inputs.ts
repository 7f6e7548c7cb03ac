import Type from 'typebox'
import { keyAlgorithms, keyUsageNames, type KeyAlgorithmName, type SignatureHash } from '../x509/index.ts'

/** Pieces of inputs that several operations share. */
export const uuidInput = Type.String({ pattern: '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' })

export const validityInput = Type.Object(
  {
    unit: Type.Enum(['year', 'month', 'day', 'hour']),
    amount: Type.Integer({ minimum: 1, maximum: 2_147_483_647 }),
    startFrom: Type.Optional(Type.Integer({ minimum: 0, maximum: 253_402_300_799_000 })),
  },
  { additionalProperties: false },
)

export const keyAlgorithmInput = Type.Enum(Object.keys(keyAlgorithms) as KeyAlgorithmName[])

/** `none` is for a signer whose key takes no hash (Ed25519), where it may also be left out; see `hashOf`. */
export const signatureHashInput = Type.Enum(['sha256', 'sha384', 'sha512', 'none'] satisfies SignatureHashName[])

/** A hash as inputs and records name it. */
export type SignatureHashName = SignatureHash | 'none'

export const keyUsagesInput = Type.Array(Type.Enum([...keyUsageNames]), { maxItems: 9 })

export const subjectInput = Type.Object(
  {
    commonName: Type.String({ minLength: 1, maxLength: 64 }),
    country: Type.Optional(Type.String({ pattern: '^[A-Za-z]{2}$' })),
    state: Type.Optional(Type.String({ minLength: 1, maxLength: 128 })),
    locality: Type.Optional(Type.String({ minLength: 1, maxLength: 128 })),
    organization: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
    organizationalUnit: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
  },
  { additionalProperties: false },
)

export const enterpriseProjectInput = Type.String({ pattern: '^(?:0|[0-9a-z]{8}(?:-[0-9a-z]{4}){3}-[0-9a-z]{12})$' })

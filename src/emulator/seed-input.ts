import Type, { type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import { keyAlgorithmInput } from '../issuance/index.ts'
import { BadRequest } from './bad-request.ts'

const closed = { additionalProperties: false } as const
const name = Type.String({ minLength: 1, maxLength: 64 })
const validity = Type.String({ pattern: '^[1-9]\\d{0,3}(?:y|mo|d|h)$' })
const age = Type.String({ pattern: '^(?:\\d{1,6}[ywdhms]){1,6}$' })

const certificate = Type.Object(
  {
    name,
    state: Type.Optional(Type.Enum(['valid', 'expired', 'revoked'])),
    validity: Type.Optional(validity),
    age: Type.Optional(age),
    count: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000 })),
    upload: Type.Optional(Type.Boolean()),
  },
  closed,
)
const user = Type.Object(
  {
    name: Type.String({ minLength: 1, maxLength: 64 }),
    password: Type.Optional(Type.String({ minLength: 1, maxLength: 128 })),
    keys: Type.Optional(Type.Integer({ minimum: 0, maximum: 2 })),
    policies: Type.Optional(Type.Array(Type.Union([Type.String(), Type.Record(Type.String(), Type.Unknown())]))),
  },
  closed,
)
const ca = {
  name,
  state: Type.Optional(
    Type.Enum(['active', 'pendingActivation', 'disabled', 'expired', 'revoked', 'pendingDeletion', 'destroyed']),
  ),
  keyAlgorithm: Type.Optional(keyAlgorithmInput),
  validity: Type.Optional(validity),
  age: Type.Optional(age),
  keepDays: Type.Optional(Type.Integer({ minimum: 7, maximum: 30 })),
  certificates: Type.Optional(Type.Array(certificate, { maxItems: 1_000 })),
}
/** CAs hang under each other, so they are checked one by one. */
const caSchema = Type.Object({ ...ca, cas: Type.Optional(Type.Array(Type.Unknown(), { maxItems: 1_000 })) }, closed)
const users = Type.Optional(Type.Array(user, { maxItems: 1_000 }))
const cas = Type.Optional(Type.Array(Type.Unknown(), { maxItems: 1_000 }))
const seedSchema = Type.Object(
  {
    number: Type.Optional(Type.Integer({ minimum: 0 })),
    users,
    cas,
    accounts: Type.Optional(
      Type.Array(Type.Object({ name: Type.String({ pattern: '^[a-z0-9-]{1,32}$' }), users, cas }, closed), {
        maxItems: 100,
      }),
    ),
  },
  closed,
)

export type SeedUser = Static<typeof user>
export type SeedCertificate = Static<typeof certificate>
export type SeedCa = Omit<Static<typeof caSchema>, 'cas'> & { cas: SeedCa[] }
export interface SeedAccount {
  /** Undefined: the instance's first account. */
  name: string | undefined
  users: SeedUser[]
  cas: SeedCa[]
}
/** A declaration of what there should be (docs/testing.md). */
export interface Seed {
  number: number
  accounts: SeedAccount[]
}

const checks = { seed: Compile(seedSchema), ca: Compile(caSchema) }
/** A path of CAs as deep as X.509 could want; each costs a signature. */
const maxDepth = 8

/** @throws BadRequest that names the place */
export function readSeed(value: unknown): Seed {
  if (!checks.seed.Check(value)) throw wrong('', checks.seed.Errors(value))
  const { number = 1, users: firstUsers = [], cas: firstCas = [], accounts = [] } = value
  return {
    number,
    accounts: [
      { name: undefined, users: firstUsers, cas: readCas(firstCas, '/cas') },
      ...accounts.map((account, index) => ({
        name: account.name,
        users: account.users ?? [],
        cas: readCas(account.cas ?? [], `/accounts/${index}/cas`),
      })),
    ],
  }
}

function readCas(values: readonly unknown[], path: string, depth = 1): SeedCa[] {
  return values.map((value, index) => {
    const here = `${path}/${index}`
    if (!checks.ca.Check(value)) throw wrong(here, checks.ca.Errors(value))
    const { cas: below = [], ...own } = value
    if (depth === maxDepth && below.length > 0) throw new BadRequest(`${here}: CAs are ${maxDepth} deep at most`)
    if (depth === 1 && own.state === 'revoked') throw new BadRequest(`${here}: a root has nobody to revoke it`)
    if (own.state === 'pendingActivation' && (below.length > 0 || own.certificates?.length))
      throw new BadRequest(`${here}: under a CA that waits for its certificate there is nothing`)
    return { ...own, cas: readCas(below, `${here}/cas`, depth + 1) }
  })
}

function wrong(
  path: string,
  [first]: readonly { instancePath: string; keyword?: string; message?: string }[],
): BadRequest {
  const reason = first?.keyword === 'boolean' ? 'is not part of a seed' : (first?.message ?? 'is not valid')
  return new BadRequest(`${path}${first?.instancePath ?? ''}: ${reason}`)
}

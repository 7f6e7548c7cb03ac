import Type, { type Static } from 'typebox'
import { problem } from '../kernel/index.ts'
import { buildName, nameConstraints, X509Error, type Extension, type Subtree } from '../x509/index.ts'

const maxSubtrees = 64

/**
 * A subtree of names (RFC 5280 §4.2.1.10). `dns`: a domain with all below it, with a leading dot only what is below. `email`:
 * a mailbox, a host, or `.domain` for the hosts below. `uri`: a host, or `.domain`. `ip`: address/prefix. `directory`: how
 * a subject begins, in the order in which subjects are written here (domainComponent, country, state, locality, organization,
 * organizationalUnit, commonName).
 */
const subtreeInput = Type.Union([
  Type.Object(
    { type: Type.Enum(['dns', 'ip', 'email', 'uri']), value: Type.String({ minLength: 1, maxLength: 256 }) },
    { additionalProperties: false },
  ),
  Type.Object(
    {
      type: Type.Literal('directory'),
      subject: Type.Object(
        {
          domainComponent: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 63 }), { maxItems: 8 })),
          country: Type.Optional(Type.String({ minLength: 2, maxLength: 2 })),
          state: Type.Optional(Type.String({ minLength: 1, maxLength: 128 })),
          locality: Type.Optional(Type.String({ minLength: 1, maxLength: 128 })),
          organization: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
          organizationalUnit: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
          commonName: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
        },
        { additionalProperties: false, minProperties: 1 },
      ),
    },
    { additionalProperties: false },
  ),
])

/** What the names below a CA must keep to; at least one subtree. It binds every CA and certificate down the chain. */
export const nameConstraintsInput = Type.Object(
  {
    permitted: Type.Optional(Type.Array(subtreeInput, { maxItems: maxSubtrees })),
    excluded: Type.Optional(Type.Array(subtreeInput, { maxItems: maxSubtrees })),
  },
  { additionalProperties: false },
)

export type NameConstraintsInput = Static<typeof nameConstraintsInput>

/** The extension for what was asked for; false when nothing was. @throws Problem InputInvalid */
export function nameConstraintsAsked(asked: NameConstraintsInput | undefined): Extension | false {
  if (asked === undefined) return false
  try {
    return nameConstraints({
      permitted: (asked.permitted ?? []).map(subtreeOf),
      excluded: (asked.excluded ?? []).map(subtreeOf),
    })
  } catch (error) {
    if (error instanceof X509Error) throw problem('InputInvalid', { field: 'nameConstraints', reason: error.message })
    throw error
  }
}

const subtreeOf = (asked: Static<typeof subtreeInput>): Subtree =>
  asked.type === 'directory' ? { type: 'directoryName', der: buildName(asked.subject) } : asked

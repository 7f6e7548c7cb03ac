import Type from 'typebox'
import { operation } from '../kernel/index.ts'
import type { AttachedPolicy } from './evaluate.ts'
import { judge } from './judge.ts'
import { grammarOf } from './manage-policies.ts'
import { documentInput, nameInput, type IamNeeds } from './needs.ts'
import { parsePolicy } from './policies/parse.ts'
import { attachedPolicies, toPrincipal, type Principal } from './principal.ts'
import { problem } from './problems.ts'

const text = Type.String({ maxLength: 256 })
const tags = Type.Record(Type.String({ pattern: '^[^]{1,128}$' }), text, { additionalProperties: false })

/**
 * Who may do what on what, and which statement decides: for a user or a role as they are, with further documents as if they were
 * attached, or for documents alone. Nothing is done, and nothing is looked up but the principal: the resource is as described.
 */
export const simulatePolicy = operation<IamNeeds>()({
  name: 'SimulatePolicy',
  summary: 'Say what policies decide about a request, and which statement does',
  access: 'read',
  actions: ['certkeep:iam:simulatePolicy'],
  input: Type.Object(
    {
      userName: Type.Optional(nameInput),
      roleName: Type.Optional(nameInput),
      documents: Type.Optional(Type.Array(documentInput, { maxItems: 10 })),
      /** All names of the operation; see the catalogue of operations. */
      actions: Type.Array(Type.String({ minLength: 1, maxLength: 128 }), { minItems: 1, maxItems: 10 }),
      resource: Type.Optional(
        Type.Object(
          {
            type: Type.Optional(Type.Enum(['ca', 'cert', 'user', 'group', 'role', 'policy'])),
            id: Type.Optional(text),
            tags: Type.Optional(tags),
            requestTags: Type.Optional(tags),
            enterpriseProjectId: Type.Optional(text),
            resourceGroupId: Type.Optional(text),
            commonName: Type.Optional(text),
          },
          { additionalProperties: false },
        ),
      ),
      /** Else those of this very call. */
      sourceIp: Type.Optional(Type.String({ maxLength: 64 })),
      secureTransport: Type.Optional(Type.Boolean()),
      /** Milliseconds since 1970. */
      currentTime: Type.Optional(Type.Integer({ minimum: 0 })),
    },
    { additionalProperties: false },
  ),
  problems: ['UserNotFound', 'RoleNotFound', 'PolicyInvalid'],
  async run(input, _resource, deps, caller) {
    const { actions, resource = {}, documents = [] } = input
    const found = await principalOf(input, deps, caller.accountId)
    const extra = documents.map((document, index): AttachedPolicy => {
      grammarOf(document)
      return { id: `documents/${index}`, name: `documents/${index}`, kind: 'custom', policy: parsePolicy(document) }
    })
    const account = await deps.iam.account({ id: caller.accountId })
    const nobody: Principal = {
      account: account!,
      user: { id: '', decimalId: '', name: '' },
      policies: [],
    }
    const principal = found ?? nobody
    const policies = [...principal.policies, ...extra]
    const decided = judge({ ...principal, policies }, actions, resource, {
      sourceIp: input.sourceIp ?? caller.sourceIp,
      secureTransport: input.secureTransport ?? caller.secureTransport,
      currentTime: input.currentTime ?? deps.wallClock.now(),
    })
    const deciding = policies.find(({ id }) => id === decided.policyId)
    return {
      answer: {
        decision: decided.decision,
        policyType: decided.policyType,
        action: decided.action ?? null,
        policyName: deciding?.name ?? null,
        grammar: deciding?.policy.grammar ?? null,
        statementIndex: decided.statementIndex ?? null,
        sid: decided.sid ?? null,
      },
    }
  },
})

async function principalOf(
  { userName, roleName }: { userName?: string; roleName?: string },
  { iam }: IamNeeds,
  accountId: string,
): Promise<Principal | undefined> {
  if (userName !== undefined) {
    const user = await iam.userByName(accountId, userName)
    const identity = user && (await iam.identity(user.id))
    if (!identity) throw problem('UserNotFound', { userName })
    return toPrincipal(identity)
  }
  if (roleName === undefined) return undefined
  const role = await iam.roleByName(accountId, roleName)
  const identity = role && (await iam.roleIdentity(role.id))
  if (!identity) throw problem('RoleNotFound', { roleName })
  const { account } = identity
  return {
    account,
    user: { id: role.id, decimalId: role.decimalId, name: role.name },
    policies: attachedPolicies(identity),
    session: {
      name: 'simulated',
      role,
      makerId: '',
      makerKeyId: null,
      makerAccount: account,
      policies: undefined,
    },
  }
}

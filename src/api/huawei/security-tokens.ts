import { operations } from '../operations.ts'
import type { AuthenticatedCall, Success } from './call.ts'
import { HuaweiWireError, iamErrors } from './errors.ts'
import { fail, integer, list, oneOf, optional, readFields, record, required, text, type Reader } from './fields.ts'
import { isJsonObject, readJsonBody } from './read-body.ts'
import { isoMicroseconds } from './tokens.ts'

const bad = iamErrors.badRequest
const identifier = text({ max: 64, code: bad })

/** The documents say integer, the vendor's examples write strings. */
const seconds = integer({ min: 900, max: 86_400, code: bad, numericText: true })

/** A policy of any grammar, as an object; kept as text, as which it is checked. */
const document: Reader<string> = (value, name) =>
  isJsonObject(value) ? JSON.stringify(value) : fail(bad, name, 'is not an object')

const assumeRole = record(
  {
    domainId: optional('domain_id', identifier),
    domainName: optional('domain_name', identifier),
    agencyName: optional('agency_name', identifier),
    roleName: optional('xrole_name', identifier),
    seconds: optional('duration_seconds', seconds),
    session: optional(
      'session_user',
      record({ name: optional('name', text({ min: 2, max: 64, pattern: /^[A-Za-z0-9.@_-]*$/, code: bad })) }, bad),
    ),
  },
  bad,
)
const token = record(
  { id: optional('id', text({ max: 16_384, code: bad })), seconds: optional('duration_seconds', seconds) },
  bad,
)
const methods = { token: 'token', assume_role: 'assumeRole' } as const
const fields = {
  auth: required(
    'auth',
    record(
      {
        identity: required(
          'identity',
          record(
            {
              methods: required('methods', list(oneOf(methods, bad), { min: 1, max: 1, code: bad }), bad),
              policy: optional('policy', document),
              token: optional('token', token),
              assumeRole: optional('assume_role', assumeRole),
            },
            bad,
          ),
          bad,
        ),
      },
      bad,
    ),
    bad,
  ),
}

/** The body of `POST /v3.0/OS-CREDENTIAL/securitytokens`, one of its two methods. */
export type SecurityTokenRequest = { policy?: string; seconds?: number } & (
  | { method: 'token'; id?: string }
  | { method: 'assumeRole'; account: { domainId: string } | { name: string }; roleName: string; sessionName?: string }
)

/** @throws HuaweiWireError 400 (413 for an oversized body) */
export function readSecurityTokenRequest(body: Uint8Array): SecurityTokenRequest {
  const { identity } = readFields(fields, readJsonBody(body, { malformed: bad })).auth
  const policy = identity.policy === undefined ? {} : { policy: identity.policy }
  if (identity.methods[0] === 'token') return { method: 'token', ...policy, ...identity.token }

  const asked = identity.assumeRole
  if (!asked) return fail(bad, 'auth.identity.assume_role', 'is missing')
  const { domainId, domainName, agencyName, roleName = agencyName } = asked
  if (roleName === undefined) return fail(bad, 'auth.identity.assume_role', 'has neither agency_name nor xrole_name')
  const account = domainId === undefined ? domainName !== undefined && { name: domainName } : { domainId }
  if (!account) return fail(bad, 'auth.identity.assume_role', 'has neither domain_id nor domain_name')
  return {
    method: 'assumeRole',
    ...policy,
    account,
    roleName,
    ...(asked.seconds === undefined ? {} : { seconds: asked.seconds }),
    ...(asked.session?.name === undefined ? {} : { sessionName: asked.session.name }),
  }
}

/** A name that sessions may have, where the caller gives none. */
const sessionNameOf = ({ principal: { user } }: AuthenticatedCall): string =>
  /^[A-Za-z0-9.@_-]{2,64}$/.test(user.name) ? user.name : user.id

/**
 * `POST /v3.0/OS-CREDENTIAL/securitytokens`: a temporary access key, for oneself (`token`) or as an agency (`assume_role`). The token
 * comes with every signed request in `X-Security-Token`, under the signature.
 */
export async function createTemporaryAccessKey(call: AuthenticatedCall): Promise<Success> {
  const asked = readSecurityTokenRequest(call.request.body)
  const given = asked.policy === undefined ? {} : { policy: asked.policy }
  const durationSeconds = asked.seconds ?? 900
  const made =
    asked.method === 'assumeRole'
      ? await call.run(operations.AssumeRole, () => ({
          account: asked.account,
          roleName: asked.roleName,
          sessionName: asked.sessionName ?? sessionNameOf(call),
          durationSeconds,
          ...given,
        }))
      : await ofOneself(call, asked.id, { durationSeconds, ...given })
  return {
    status: 201,
    body: {
      credential: {
        access: made.accessKeyId,
        secret: made.accessKeySecret,
        securitytoken: made.securityToken,
        expires_at: isoMicroseconds(made.expiresAt),
      },
    },
  }
}

async function ofOneself(
  call: AuthenticatedCall,
  tokenId: string | undefined,
  input: { durationSeconds: number; policy?: string },
) {
  if (tokenId !== undefined) {
    const found = await call.parts.principals.ofToken(tokenId)
    if (found?.principal.user.id !== call.principal.user.id)
      throw new HuaweiWireError(iamErrors.notFound, 'the token does not exist')
  }
  return call.run(operations.CreateTemporaryKey, () => input)
}

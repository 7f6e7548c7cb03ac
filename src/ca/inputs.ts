import Type, { type Static } from 'typebox'
import { uuidInput } from '../issuance/index.ts'
import type { Caller, ResourceRule } from '../kernel/index.ts'
import type { Ca, CrlSettings } from './ca.ts'
import { problem } from './problems.ts'
import type { CaStore } from './store.ts'

export const crlInput = Type.Union([
  Type.Object({ enabled: Type.Literal(false) }, { additionalProperties: false }),
  Type.Object(
    {
      enabled: Type.Literal(true),
      bucketName: Type.String({ minLength: 1, maxLength: 63 }),
      validDays: Type.Integer({ minimum: 7, maximum: 30 }),
      name: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
    },
    { additionalProperties: false },
  ),
])

const defaultCrlDays = 7

/** What is kept of the settings; without any, CRLs are published all the same and are valid for seven days. */
export const crlSettingsOf = (asked: Static<typeof crlInput> | undefined): CrlSettings =>
  asked?.enabled === true
    ? { enabled: true, bucketName: asked.bucketName, validDays: asked.validDays, name: asked.name ?? null }
    : { enabled: false, bucketName: null, validDays: defaultCrlDays, name: null }

export const caIdInput = Type.Object({ caId: uuidInput }, { additionalProperties: false })

/** The CA that a call is about: found in the caller's account and not destroyed, or as good as unknown. */
export const theCa = <Input extends { caId: string }>(): ResourceRule<Input, Ca, { cas: CaStore }> => ({
  find: ({ caId }, { cas }, caller) => visibleCa(cas, caller, caId),
  attributes: ({ caId }, ca) => caAttributes(caId, ca),
  missing: ({ caId }) => problem('CaNotFound', { caId }),
})

export const caAttributes = (caId: string, ca: Ca | undefined) => ({
  type: 'ca' as const,
  id: caId,
  tags: ca?.tags,
  enterpriseProjectId: ca?.enterpriseProjectId,
})

export async function visibleCa(cas: CaStore, caller: Caller, caId: string): Promise<Ca | undefined> {
  const ca = await cas.find(caller.accountId, caId)
  return ca && ca.state !== 'destroyed' ? ca : undefined
}

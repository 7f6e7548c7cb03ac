import Type from 'typebox'
import { resourceGroupNamed, type IamStore } from '../iam/index.ts'
import { uuidInput } from '../issuance/index.ts'
import { operation } from '../kernel/index.ts'
import { theCa } from './inputs.ts'
import { problem } from './problems.ts'
import type { CaStore } from './store.ts'

/** Moves a CA to an enterprise project, by its name; null is the one that everything begins in. */
export const moveCa = operation<{ cas: CaStore; iam: IamStore }>()({
  name: 'MoveCa',
  summary: 'Move a CA to another enterprise project',
  access: 'write',
  actions: ['certkeep:ca:move', 'yundun-cert:MoveResourceGroup'],
  input: Type.Object(
    { caId: uuidInput, resourceGroup: Type.Union([Type.String({ maxLength: 64 }), Type.Null()]) },
    { additionalProperties: false },
  ),
  resource: theCa<{ caId: string; resourceGroup: string | null }>(),
  problems: ['CaNotFound', 'CaChanged', 'ResourceGroupNotFound'],
  async run({ resourceGroup }, ca, { cas, iam }, { accountId }) {
    const group = resourceGroup === null ? undefined : await resourceGroupNamed(iam, accountId, resourceGroup)
    const enterpriseProjectId = group?.id ?? '0'
    return {
      answer: {},
      writes: [cas.replace(ca, { ...ca, enterpriseProjectId }, problem('CaChanged'))],
      audit: { objectType: 'ca', objectId: ca.id, facts: { from: ca.enterpriseProjectId, to: enterpriseProjectId } },
    }
  },
})

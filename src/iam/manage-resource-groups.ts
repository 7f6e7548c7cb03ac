import Type from 'typebox'
import { newUuid, operation } from '../kernel/index.ts'
import { nameInput, type IamNeeds } from './needs.ts'
import { problem } from './problems.ts'
import type { IamStore, ResourceGroup } from './store.ts'

/**
 * Resources that belong together: what policies can be attached for. One thing under the names of both clouds: an enterprise
 * project (a UUID) and a resource group (`rg-…`).
 */
export const createResourceGroup = operation<IamNeeds>()({
  name: 'CreateResourceGroup',
  summary: 'Create a resource group (an enterprise project)',
  access: 'write',
  actions: ['resourcemanager:CreateResourceGroup', 'eps:enterpriseProjects:create'],
  input: Type.Object({ name: nameInput }, { additionalProperties: false }),
  problems: ['ResourceGroupNameTaken'],
  run({ name }, _resource, { iam, domainClock }, { accountId }) {
    const id = newUuid()
    const group: ResourceGroup = {
      id,
      groupId: `rg-${id.replaceAll('-', '').slice(0, 20)}`,
      accountId,
      name,
      createdAt: domainClock.now(),
    }
    return Promise.resolve({
      answer: shown(group),
      writes: [iam.insertResourceGroup(group, problem('ResourceGroupNameTaken', { name }))],
      audit: { objectType: 'resourceGroup', objectId: id, facts: { name } },
    })
  },
})

const shown = ({ id, groupId, name, createdAt }: ResourceGroup) => ({
  enterpriseProjectId: id,
  resourceGroupId: groupId,
  name,
  createdAt,
})

export const listResourceGroups = operation<IamNeeds>()({
  name: 'ListResourceGroups',
  summary: 'List the resource groups (enterprise projects) of the account',
  access: 'list',
  actions: ['resourcemanager:ListResourceGroups', 'eps:enterpriseProjects:list'],
  input: Type.Object({}, { additionalProperties: false }),
  problems: [],
  run: async (_input, _resource, { iam }, caller) => ({
    answer: { resourceGroups: (await iam.resourceGroups(caller.accountId)).map(shown) },
  }),
})

/** The account's group of this name. @throws Problem ResourceGroupNotFound */
export async function resourceGroupNamed(iam: IamStore, accountId: string, name: string): Promise<ResourceGroup> {
  const group = await iam.resourceGroup(accountId, { name })
  if (!group) throw problem('ResourceGroupNotFound', { name })
  return group
}

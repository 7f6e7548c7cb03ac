import Type from 'typebox'
import { operation } from '../kernel/index.ts'
import type { IamNeeds } from './needs.ts'
import { principalNames } from './principal.ts'

/** Whoever calls, about themselves: nothing is needed for it. */
export const showCaller = operation<Pick<IamNeeds, 'principals'>>()({
  name: 'ShowCaller',
  summary: 'Who the credentials of this call belong to',
  access: 'read',
  actions: [],
  input: Type.Object({}, { additionalProperties: false }),
  problems: [],
  run(_input, _resource, { principals }, caller) {
    const principal = principals.principalOf(caller)
    const { account, user, session } = principal
    const { sessionArn, urn } = principalNames(principal)
    return Promise.resolve({
      answer: {
        accountId: account.id,
        accountName: account.name,
        domainId: account.domainId,
        kind: session?.role ? ('role' as const) : ('user' as const),
        id: user.id,
        decimalId: user.decimalId,
        name: user.name,
        sessionName: session?.name ?? null,
        arn: sessionArn,
        urn,
      },
    })
  },
})

import { operations } from '../operations.ts'
import { wireOperation } from './wire-operation.ts'

/** STS GetCallerIdentity, version 2015-04-01. */
export const getCallerIdentity = wireOperation({
  parameters: {},
  operation: operations.ShowCaller,
  fields: {},
  ramCode: 'sts',
  input: () => ({}),
  members: ({ accountId, kind, decimalId, sessionName, arn }) => ({
    AccountId: accountId,
    Arn: arn,
    ...(kind === 'role'
      ? { IdentityType: 'AssumedRoleUser', RoleId: decimalId, PrincipalId: `${decimalId}:${sessionName}` }
      : { IdentityType: 'RAMUser', UserId: decimalId, PrincipalId: decimalId }),
  }),
})

import { problemsOf } from '../kernel/index.ts'

export const iamProblems = {
  CallerGone: () => 'the access key, token or user of this call is not valid any more',
  CredentialsWrong: () => 'the user name or password is wrong',
  PasswordUnfit: ({ reason }: { reason: string }) => `the password is not accepted: ${reason}`,
  LastAdministrator: () =>
    'nobody would be left to administer the account: give AdministratorAccess to another enabled user with a password or an enabled access key first',

  UserNotFound: ({ userName }: { userName: string }) => `user ${userName} does not exist`,
  UserNameTaken: ({ userName }: { userName: string }) => `a user named ${userName} exists already`,
  UserInUse: ({ userName, by }: { userName: string; by: string }) =>
    `user ${userName} still has ${by}: remove them first`,
  TooManyUserTags: ({ max }: { max: number }) => `a user has ${max} tags at most`,
  NotForTemporaryKeys: () => 'this is for users with a password or an access key of their own, not for temporary keys',

  AccessKeyNotFound: ({ accessKeyId }: { accessKeyId: string }) => `access key ${accessKeyId} does not exist`,
  AccessKeyLimit: () => 'a user has two access keys at most',
  AccessKeyInUse: ({ accessKeyId }: { accessKeyId: string }) =>
    `access key ${accessKeyId} is enabled: disable it first, and delete it when nothing misses it`,

  GroupNotFound: ({ groupName }: { groupName: string }) => `group ${groupName} does not exist`,
  GroupNameTaken: ({ groupName }: { groupName: string }) => `a group named ${groupName} exists already`,
  GroupInUse: ({ groupName, by }: { groupName: string; by: string }) =>
    `group ${groupName} still has ${by}: remove them first`,
  NotAMember: ({ userName, groupName }: { userName: string; groupName: string }) =>
    `user ${userName} is not in group ${groupName}`,

  RoleNotFound: ({ roleName }: { roleName: string }) => `role ${roleName} does not exist`,
  RoleNameTaken: ({ roleName }: { roleName: string }) => `a role named ${roleName} exists already`,
  RoleInUse: ({ roleName }: { roleName: string }) => `role ${roleName} still has policies: detach them first`,
  RoleNotTrusting: () => 'the role does not exist, or its trust policy does not let the caller take it',
  TrustPolicyInvalid: ({ reason }: { reason: string }) => `the trust policy is not valid: ${reason}`,
  SessionTooLong: ({ maxSeconds }: { maxSeconds: number }) =>
    `a temporary key lasts ${maxSeconds} seconds at most here`,
  SessionPolicyInvalid: ({ reason }: { reason: string }) => `the policy of the session is not valid: ${reason}`,

  PolicyNotFound: ({ policyName }: { policyName: string }) => `policy ${policyName} does not exist`,
  PolicyNameTaken: ({ policyName }: { policyName: string }) => `a policy named ${policyName} exists already`,
  PolicyInvalid: ({ reason }: { reason: string }) => `the policy is not valid: ${reason}`,
  PolicyNotAttached: ({ policyName }: { policyName: string }) => `policy ${policyName} is not attached`,
  PolicyInUse: ({ policyName }: { policyName: string }) => `policy ${policyName} is attached: detach it first`,
  PolicyVersionNotFound: ({ policyName, number }: { policyName: string; number: number }) =>
    `policy ${policyName} has no version ${number}`,
  PolicyVersionLimit: ({ max }: { max: number }) => `a policy has ${max} versions at most: delete one first`,
  PolicyVersionInUse: ({ number }: { number: number }) =>
    `version ${number} is the one in force: make another the default first`,

  ResourceGroupNotFound: ({ name }: { name: string }) => `there is no resource group or enterprise project ${name}`,
  ResourceGroupNameTaken: ({ name }: { name: string }) =>
    `a resource group or enterprise project named ${name} exists already`,
}

export const problem = problemsOf(iamProblems)

import { problemsOf } from '../kernel/index.ts'

export const iamProblems = {
  CallerGone: () => 'the access key, token or user of this call is not valid any more',
  CredentialsWrong: () => 'the user name or password is wrong',
  UserNotFound: ({ userName }: { userName: string }) => `user ${userName} does not exist`,
  UserNameTaken: ({ userName }: { userName: string }) => `a user named ${userName} exists already`,
  AccessKeyNotFound: ({ accessKeyId }: { accessKeyId: string }) => `access key ${accessKeyId} does not exist`,
  AccessKeyLimit: () => 'a user has two access keys at most',
  PolicyNotFound: ({ policyName }: { policyName: string }) => `policy ${policyName} does not exist`,
  PolicyNameTaken: ({ policyName }: { policyName: string }) => `a policy named ${policyName} exists already`,
  PolicyInvalid: ({ reason }: { reason: string }) => `the policy is not valid: ${reason}`,
  PolicyNotAttached: ({ policyName }: { policyName: string }) => `policy ${policyName} is not attached to this user`,
}

export const problem = problemsOf(iamProblems)

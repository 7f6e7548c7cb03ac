import { problemsOf } from '../kernel/index.ts'

export const guardProblems = {
  DeletionProtected: ({ by }: { by: string }) =>
    `deletion protection of ${by} forbids it; taking that away is in force a day later`,
  InUse: ({ reasons }: { reasons: string }) => `it is still in use: ${reasons}`,
  DailyCapReached: ({ cap, of }: { cap: number; of: string }) =>
    `${cap} a day is the most that ${of} may do of this; it goes on tomorrow (UTC)`,
  ApprovalRequired: ({ approvalId }: { approvalId: string | null }) =>
    approvalId === null
      ? 'a second person has to approve this; the call itself, without dry run, asks for it'
      : `a second person has to approve this: approval ${approvalId} waits for it. The same call passes once it is approved`,
  ApprovalNotFound: ({ approvalId }: { approvalId: string }) => `approval ${approvalId} does not exist`,
  ApprovalStateForbids: ({ act, state }: { act: string; state: string }) =>
    `${act} is not possible: the approval is ${state}`,
  ApprovalChanged: () => 'somebody else decided at the same moment, or it is for something else than was said',
  ApproverUnfit: ({ reason }: { reason: string }) => `this cannot be approved by this user: ${reason}`,
  NotTheRequester: () => 'only who asked for it can withdraw it; anybody else who may can reject it',
}

export const problem = problemsOf(guardProblems)

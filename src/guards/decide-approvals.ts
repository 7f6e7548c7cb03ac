import Type from 'typebox'
import { caAttributes, type Ca, type CaStore } from '../ca/index.ts'
import type { IamStore, Principals } from '../iam/index.ts'
import { uuidInput } from '../issuance/index.ts'
import { operation, type Caller, type Clock, type ResourceRule } from '../kernel/index.ts'
import type { Approval, ApprovalState } from './approval.ts'
import { unfit } from './approvers.ts'
import { approvalLifetime } from './gate.ts'
import { problem } from './problems.ts'
import type { GuardStore } from './store.ts'

interface ApprovalNeeds {
  guards: GuardStore
  cas: CaStore
  iam: IamStore
  domainClock: Clock
  principals: Pick<Principals, 'personOf'>
}

const states: readonly ApprovalState[] = ['waiting', 'approved', 'rejected', 'withdrawn', 'used', 'void']

const ofApproval = Type.Object({ approvalId: uuidInput }, { additionalProperties: false })

interface Found {
  approval: Approval
  ca: Ca | undefined
}

/** Judged on the CA that it is about, so that who approves can be said by tag and project. */
const theApproval = <Input extends { approvalId: string }>(): ResourceRule<
  Input,
  Found,
  { guards: GuardStore; cas: CaStore }
> => ({
  async find({ approvalId }, { guards, cas }, { accountId }) {
    const approval = await guards.approval(accountId, approvalId)
    if (!approval) return undefined
    return { approval, ca: approval.caId === null ? undefined : await cas.find(accountId, approval.caId) }
  },
  attributes: (_input, found) => (found?.approval.caId ? caAttributes(found.approval.caId, found.ca) : {}),
  missing: ({ approvalId }) => problem('ApprovalNotFound', { approvalId }),
})

const isOver = ({ state, expiresAt }: Approval, now: number): boolean =>
  (state === 'waiting' || state === 'approved') && expiresAt <= now

const shown = ({ accountId: _, version: __, state, ...approval }: Approval, now: number) => ({
  ...approval,
  state: isOver({ ...approval, accountId: _, version: __, state }, now) ? ('expired' as const) : state,
})

export const listApprovals = operation<ApprovalNeeds>()({
  name: 'ListApprovals',
  summary: 'List what waits, or waited, for a second person',
  access: 'list',
  actions: ['certkeep:approvals:list'],
  input: Type.Object(
    {
      state: Type.Optional(Type.Enum([...states])),
      offset: Type.Optional(Type.Integer({ minimum: 0 })),
      limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000 })),
    },
    { additionalProperties: false },
  ),
  problems: [],
  async run({ state, offset = 0, limit = 100 }, _resource, { guards, domainClock }, { accountId }) {
    const { rows, total } = await guards.approvals(accountId, state, { offset, limit })
    return { answer: { rows: rows.map((approval) => shown(approval, domainClock.now())), total } }
  },
})

export const showApproval = operation<ApprovalNeeds>()({
  name: 'ShowApproval',
  summary: 'Show what a second person is asked to approve',
  access: 'read',
  actions: ['certkeep:approvals:show'],
  input: ofApproval,
  resource: theApproval(),
  problems: ['ApprovalNotFound'],
  run: (_input, { approval }, { domainClock }) => Promise.resolve({ answer: shown(approval, domainClock.now()) }),
})

/** One decision: of two at the same moment one wins. */
function decide(
  approval: Approval,
  state: ApprovalState,
  { guards, domainClock, principals }: ApprovalNeeds,
  caller: Caller,
) {
  const now = domainClock.now()
  const next: Approval = {
    ...approval,
    state,
    decidedBy: principals.personOf(caller).userId,
    decidedByName: caller.userName,
    decidedAt: now,
    expiresAt: state === 'approved' ? now + approvalLifetime : approval.expiresAt,
  }
  const { id, digest, operation: operationName, objectId } = approval
  return {
    answer: {},
    writes: [guards.replaceApproval(approval, next, problem('ApprovalChanged'))],
    audit: {
      objectType: 'approval',
      objectId: id,
      facts: { decision: state, digest, operation: operationName, of: objectId, requestedBy: approval.requestedBy },
    },
  }
}

function mustBe(wanted: readonly ApprovalState[], approval: Approval, act: string, now: number): void {
  if (isOver(approval, now)) throw problem('ApprovalStateForbids', { act, state: 'expired' })
  if (!wanted.includes(approval.state)) throw problem('ApprovalStateForbids', { act, state: approval.state })
}

/**
 * Approves what was shown: the digest says that it was this and nothing else. The call of the requester passes then, once, within seven
 * days, if everything is still as it was and the approver still fit.
 */
export const approve = operation<ApprovalNeeds>()({
  name: 'Approve',
  summary: 'Approve, as the second person, what somebody asked for',
  access: 'write',
  actions: ['certkeep:approvals:approve'],
  input: Type.Object(
    {
      approvalId: uuidInput,
      /** As ShowApproval told it. */
      digest: Type.String({ pattern: '^[0-9a-f]{64}$' }),
    },
    { additionalProperties: false },
  ),
  resource: theApproval<{ approvalId: string; digest: string }>(),
  problems: ['ApprovalNotFound', 'ApprovalStateForbids', 'ApprovalChanged', 'ApproverUnfit'],
  async run({ digest }, { approval }, deps, caller) {
    const now = deps.domainClock.now()
    mustBe(['waiting'], approval, 'approving', now)
    if (digest !== approval.digest) throw problem('ApprovalChanged')
    const { userId: approverId, throughRole } = deps.principals.personOf(caller)
    if (throughRole) throw problem('ApproverUnfit', { reason: 'approvers act as themselves, not through a role' })
    const reason = await unfit(deps, approval, approverId, now)
    if (reason !== undefined) throw problem('ApproverUnfit', { reason })
    return decide(approval, 'approved', deps, caller)
  },
})

/** Also an approval that was given and is not used yet. */
export const rejectApproval = operation<ApprovalNeeds>()({
  name: 'RejectApproval',
  summary: 'Reject what somebody asked for, or take an approval back',
  access: 'write',
  actions: ['certkeep:approvals:reject'],
  input: ofApproval,
  resource: theApproval(),
  problems: ['ApprovalNotFound', 'ApprovalStateForbids', 'ApprovalChanged'],
  run(_input, { approval }, deps, caller) {
    mustBe(['waiting', 'approved'], approval, 'rejecting', deps.domainClock.now())
    return Promise.resolve(decide(approval, 'rejected', deps, caller))
  },
})

export const withdrawApproval = operation<ApprovalNeeds>()({
  name: 'WithdrawApproval',
  summary: 'Withdraw what one asked to be approved',
  access: 'write',
  actions: ['certkeep:approvals:withdraw'],
  input: ofApproval,
  resource: theApproval(),
  problems: ['ApprovalNotFound', 'ApprovalStateForbids', 'ApprovalChanged', 'NotTheRequester'],
  run(_input, { approval }, deps, caller) {
    if (deps.principals.personOf(caller).userId !== approval.requestedBy) throw problem('NotTheRequester')
    mustBe(['waiting', 'approved'], approval, 'withdrawing', deps.domainClock.now())
    return Promise.resolve(decide(approval, 'withdrawn', deps, caller))
  },
})

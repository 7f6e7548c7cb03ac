import { expect } from 'vitest'
import { day, type Problem } from '../../src/kernel/index.ts'
import { actorIn, type Act } from '../iam/people.ts'
import { openCore, type Core } from '../support/core.ts'

/** Somebody with an access key. */
export interface Person {
  userName: string
  accessKeyId: string
}

/** An account with two people who have had every right for long: who asks, and who may approve. */
export interface Guarded extends AsyncDisposable {
  core: Core
  act: Act
  requester: Person
  approver: Person
  /** A root that is disabled, so that its end can be scheduled. */
  aDisabledCa(): Promise<string>
  aCa(issuerId?: string): Promise<string>
  aLeaf(issuerId: string): Promise<string>
  /** By the requester, for 7 days unless given. */
  deleteCa(caId: string, keepDays?: number, who?: { accessKeyId: string }): Promise<unknown>
  /** What the call is refused with when it needs a second person: the id of the approval. */
  asked(call: Promise<unknown>): Promise<string>
  approve(approvalId: string, who?: { accessKeyId: string }): Promise<unknown>
  /** The codes of refusals. */
  refused(call: Promise<unknown>): Promise<{ code: string; message: string }>
}

export const long = 8 * day

const subject = { commonName: 'Guarded' }

export async function openGuarded(guards: object = {}): Promise<Guarded> {
  const core = await openCore()
  const act = actorIn(core)
  const requester = await core.createUser('requester', ['ram-1/AdministratorAccess'])
  const approver = await core.createUser('approver', ['ram-1/AdministratorAccess'])
  core.advance(long)
  if (Object.keys(guards).length > 0) await act('SetGuards', { ...guards })

  const refused: Guarded['refused'] = async (call) => {
    const error = await call.then(
      () => expect.fail('it was not refused'),
      (problem: Problem) => problem,
    )
    return { code: error.code, message: error.message }
  }
  const aCa: Guarded['aCa'] = async (issuerId) => {
    const validity = { unit: 'year', amount: issuerId === undefined ? 10 : 5 }
    const { caId } = await act('CreateCa', {
      ...{ type: issuerId === undefined ? 'root' : 'subordinate', subject, keyAlgorithm: 'p256' },
      ...{ signatureHash: 'sha256', validity, pathLength: issuerId === undefined ? undefined : 1 },
      ...(issuerId === undefined ? {} : { issuerId }),
    })
    return caId as string
  }
  return {
    core,
    act,
    requester,
    approver,
    refused,
    aCa,
    async aDisabledCa() {
      const caId = await aCa()
      await act('DisableCa', { caId })
      return caId
    },
    async aLeaf(issuerId) {
      const validity = { unit: 'day', amount: 90 }
      const answer = await act('IssueCertificate', { issuerId, subject, keyAlgorithm: 'p256', validity })
      return answer.certificateId as string
    },
    deleteCa: (caId, keepDays = 7, who = requester) => act('DeleteCa', { caId, keepDays }, who),
    async asked(call) {
      const { code, message } = await refused(call)
      expect(code).toBe('ApprovalRequired')
      return /approval ([0-9a-f-]{36}) waits/.exec(message)![1]!
    },
    async approve(approvalId, who = approver) {
      const { digest } = await act('ShowApproval', { approvalId }, who)
      return act('Approve', { approvalId, digest }, who)
    },
    [Symbol.asyncDispose]: () => core[Symbol.asyncDispose](),
  }
}

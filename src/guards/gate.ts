import {
  day,
  newUuid,
  problem as kernelProblem,
  type Admission,
  type AuditFacts,
  type AuditTrail,
  type Caller,
  type Clock,
  type Committer,
  type Gatekeeper,
  type GuardedAct,
  type GuardedKind,
  type Write,
} from '../kernel/index.ts'
import type { CaStore } from '../ca/index.ts'
import type { IamStore, Principals } from '../iam/index.ts'
import { digestOf, type Approval, type ApprovalSubject } from './approval.ts'
import { unfit } from './approvers.ts'
import { inForce, none, strictest, type AccountGuards, type Caps, type Guards } from './guards.ts'
import { problem } from './problems.ts'
import type { Evidence, GuardStore, Use } from './store.ts'

export interface GateNeeds {
  guards: GuardStore
  evidence: Evidence
  cas: CaStore
  iam: IamStore
  persons: Pick<Principals, 'personOf'>
  trail: AuditTrail
  committer: Committer
  domainClock: Clock
}

type CapKind = 'certificateDeletions' | 'caDeletions' | 'revocations'

interface Rule {
  protection: boolean
  whileInUse: boolean
  twoPersons: boolean
  cap: CapKind | undefined
}

const end = { protection: true, whileInUse: true, twoPersons: true }

/** Which guard stops what. What takes the place of an end (revoking a CA, no more CRLs) is stopped like one. */
export const guardRules: Readonly<Record<GuardedKind, Rule>> = {
  deleteCa: { ...end, cap: 'caDeletions' },
  revokeCa: { ...end, cap: 'caDeletions' },
  disableCrl: { ...end, cap: undefined },
  deleteCertificate: { protection: true, whileInUse: true, twoPersons: false, cap: 'certificateDeletions' },
  // Not the others: a compromised key does not wait for a second person. The cap is what stops doing it to all, one by one.
  revokeCertificate: { protection: false, whileInUse: false, twoPersons: false, cap: 'revocations' },
  exportKeys: { protection: false, whileInUse: false, twoPersons: true, cap: undefined },
  weakenGuards: { protection: false, whileInUse: false, twoPersons: true, cap: undefined },
}

/** An approval is asked for, and used, within so long. */
export const approvalLifetime = 7 * day

const changed = kernelProblem('ChangedMeanwhile')
/** No account has CAs in longer chains (path length 0 to 6); cross-certificates end it too. */
const maxDepth = 16

/** Whose guards bind an act, by name for who is stopped by them. */
interface Binding {
  by: string
  guards: Guards
}

/** Guards, for every door, every user and every job. */
export class Gate implements Gatekeeper {
  private readonly needs: GateNeeds

  constructor(needs: GateNeeds) {
    this.needs = needs
  }

  async admit(caller: Caller, operationName: string, act: GuardedAct): Promise<Admission> {
    const { guards, domainClock } = this.needs
    const { accountId } = caller
    const rule = guardRules[act.kind]
    const set = await guards.guards(accountId)
    const unchanged = guards.guardsUnchanged(set, changed)
    if (set.version === 0) return { writes: [unchanged], facts: {} }

    const now = domainClock.now()
    const binding = await this.binding(set, act.caId, now)
    if (rule.protection) mustBeUnprotected(binding)
    const use = await this.useFor(accountId, act, rule, binding)
    if (rule.whileInUse && use) mustBeUnused(binding, use)
    const counts = await this.counted(caller, rule.cap, inForce(set.account, now), now)
    if (!rule.twoPersons || !binding.some((each) => each.guards.twoPersons))
      return { writes: [unchanged, ...counts], facts: {} }
    const subject: ApprovalSubject = { operation: operationName, act, counts: use?.counts ?? {} }
    const approval = await this.approvalFor(caller, subject, now)
    return {
      writes: [unchanged, ...counts, guards.replaceApproval(approval, { ...approval, state: 'used' }, changed)],
      facts: {
        approval: {
          id: approval.id,
          approvedBy: { userId: approval.decidedBy, userName: approval.decidedByName },
          approvedAt: approval.decidedAt,
        },
      },
    }
  }

  note(caller: Caller, { objectType, objectId }: AuditFacts): readonly Write[] {
    if (!rightsBearing.has(objectType)) return []
    const { userId } = this.needs.persons.personOf(caller)
    if (userId === objectId) return []
    return [this.needs.guards.noteRights(caller.accountId, objectId, userId, this.needs.domainClock.now())]
  }

  /**
   * Guards that were set after an end was scheduled hold it on its day. (A second person is asked when it is scheduled.)
   * @throws Problem DeletionProtected, InUse
   */
  async mustMayEnd(accountId: string, caId: string): Promise<Write> {
    const { guards, domainClock, evidence } = this.needs
    const set = await guards.guards(accountId)
    if (set.version > 0) {
      const binding = await this.binding(set, caId, domainClock.now())
      mustBeUnprotected(binding)
      if (binding.some((each) => each.guards.refuseWhileInUse)) mustBeUnused(binding, await evidence.ofCa(caId))
    }
    return guards.guardsUnchanged(set, changed)
  }

  /** Of the account, of the CA, and of every CA below it: with their parent they would lose the CRL that they are on. */
  private async binding(set: AccountGuards, caId: string | undefined, now: number): Promise<Binding[]> {
    const all: Binding[] = [{ by: 'the account', guards: inForce(set.account, now) }]
    if (caId === undefined) return all
    for (const [guardedId, kept] of Object.entries(set.cas)) {
      if (guardedId !== caId && !(await this.isBelow(set.accountId, guardedId, caId))) continue
      const by = guardedId === caId ? 'the CA' : `CA ${guardedId}, which is below it,`
      all.push({ by, guards: inForce(kept, now) })
    }
    return all
  }

  private async isBelow(accountId: string, caId: string, aboveId: string): Promise<boolean> {
    let ca = await this.needs.cas.find(accountId, caId)
    if (ca?.state === 'destroyed') return false
    for (let depth = 0; depth < maxDepth && ca?.issuerId; depth++) {
      if (ca.issuerId === aboveId) return true
      ca = await this.needs.cas.find(accountId, ca.issuerId)
    }
    return false
  }

  /** Looked up only where a guard asks: it takes a look into the ledger. */
  private async useFor(
    accountId: string,
    act: GuardedAct,
    rule: Rule,
    binding: readonly Binding[],
  ): Promise<Use | undefined> {
    const asked = binding.some(({ guards }) => guards.refuseWhileInUse || (rule.twoPersons && guards.twoPersons))
    if (!rule.whileInUse || !asked) return undefined
    if (act.kind === 'deleteCertificate') return this.needs.evidence.ofCertificate(accountId, act.objectId)
    return act.caId === undefined ? undefined : this.needs.evidence.ofCa(act.caId)
  }

  /** What counts this act, in the commit of it. @throws Problem DailyCapReached */
  private async counted(caller: Caller, kind: CapKind | undefined, caps: Caps, now: number): Promise<Write[]> {
    if (kind === undefined) return []
    const { guards, persons } = this.needs
    const { accountId } = caller
    const today = Math.floor(now / day)
    const writes: Write[] = []
    for (const [cap, subject, of] of [
      [caps[`${kind}PerUser`], persons.personOf(caller).userId, 'one user'],
      [caps[`${kind}PerAccount`], '', 'the account'],
    ] as const) {
      if (cap === null) continue
      const counted = { accountId, day: today, kind, subject }
      const reached = problem('DailyCapReached', { cap, of })
      if ((await guards.count(counted)) >= cap) throw reached
      writes.push(guards.countOne(counted, cap, reached))
    }
    return writes.length === 0 ? [] : [...writes, guards.forgetCounts(accountId, today - 7)]
  }

  /** The approval of exactly this, by somebody who still may approve. @throws Problem ApprovalRequired, once one waits */
  private async approvalFor(caller: Caller, subject: ApprovalSubject, now: number): Promise<Approval> {
    const { guards, iam, persons } = this.needs
    const { accountId } = caller
    const requesterId = persons.personOf(caller).userId
    const digest = digestOf(accountId, requesterId, subject)
    const open = (await guards.openApprovals(accountId, digest)).filter(({ expiresAt }) => expiresAt > now)
    for (const approval of open) {
      if (approval.state !== 'approved' || approval.decidedBy === null) continue
      const reason = await unfit({ iam, guards }, approval, approval.decidedBy, now)
      if (reason === undefined) return approval
    }
    const waiting = open.find(({ state }) => state === 'waiting')
    if (waiting) throw problem('ApprovalRequired', { approvalId: waiting.id })
    if (caller.dryRun) throw problem('ApprovalRequired', { approvalId: null })
    throw problem('ApprovalRequired', { approvalId: await this.ask(caller, requesterId, subject, digest, now) })
  }

  private async ask(
    caller: Caller,
    requestedBy: string,
    subject: ApprovalSubject,
    digest: string,
    now: number,
  ): Promise<string> {
    const { guards, trail, committer } = this.needs
    const { operation, act } = subject
    const approval: Approval = {
      id: newUuid(),
      accountId: caller.accountId,
      operation,
      objectId: act.objectId,
      caId: act.caId ?? null,
      digest,
      subject,
      state: 'waiting',
      requestedBy,
      requestedByName: caller.userName,
      requestedAs: caller.userId,
      requestedAt: now,
      expiresAt: now + approvalLifetime,
      decidedBy: null,
      decidedByName: null,
      decidedAt: null,
      version: 1,
    }
    await committer.commit([
      ...(caller.stillEntitled ? [caller.stillEntitled] : []),
      guards.voidApprovals(approval),
      guards.insertApproval(approval),
      trail.done(caller, 'RequestApproval', {
        objectType: 'approval',
        objectId: approval.id,
        facts: { digest, ...subject },
      }),
    ])
    return approval.id
  }
}

/** What decides who may do what. */
const rightsBearing: ReadonlySet<string> = new Set(['user', 'group', 'role', 'policy'])

function mustBeUnprotected(binding: readonly Binding[]): void {
  const protecting = binding.find(({ guards }) => guards.deletionProtection)
  if (protecting) throw problem('DeletionProtected', { by: protecting.by })
}

function mustBeUnused(binding: readonly Binding[], { inUse, reasons }: Use): void {
  if (inUse && binding.some(({ guards }) => guards.refuseWhileInUse))
    throw problem('InUse', { reasons: reasons.join('; ') })
}

/** What the account's guards and those of one of its CAs come to together. */
export function effectiveGuards(set: AccountGuards, caId: string | undefined, now: number): Guards {
  const account = inForce(set.account, now)
  return caId === undefined ? account : strictest(account, inForce(set.cas[caId] ?? none, now))
}

import Type, { type Static } from 'typebox'
import { caAttributes, caProblems, type Ca, type CaStore } from '../ca/index.ts'
import { uuidInput } from '../issuance/index.ts'
import { day, operation, problem as kernelProblem, problemsOf, type Clock, type ResourceRule } from '../kernel/index.ts'
import { effectiveGuards } from './gate.ts'
import {
  inForce,
  none,
  sameGuards,
  strictest,
  weakens,
  type AccountGuards,
  type Caps,
  type Guards,
  type KeptGuards,
} from './guards.ts'
import type { GuardStore } from './store.ts'

export interface GuardNeeds {
  guards: GuardStore
  cas: CaStore
  domainClock: Clock
}

const caProblem = problemsOf(caProblems)
const changed = kernelProblem('ChangedMeanwhile')

/** Weaker guards are in force so long after they were asked for. */
export const weakenedAfter = day

const cap = Type.Union([Type.Integer({ minimum: 0, maximum: 1_000_000_000 }), Type.Null()])
const caps = {
  certificateDeletionsPerUser: cap,
  certificateDeletionsPerAccount: cap,
  caDeletionsPerUser: cap,
  caDeletionsPerAccount: cap,
  revocationsPerUser: cap,
  revocationsPerAccount: cap,
} satisfies Record<keyof Caps, unknown>
const flags = { deletionProtection: Type.Boolean(), refuseWhileInUse: Type.Boolean(), twoPersons: Type.Boolean() }

const setInput = Type.Object(
  {
    /** Of this CA; absent: of the account. */
    caId: Type.Optional(uuidInput),
    ...optional(flags),
    ...optional(caps),
  },
  { additionalProperties: false },
)

function optional<Members extends Record<string, Parameters<typeof Type.Optional>[0]>>(members: Members) {
  return Object.fromEntries(Object.entries(members).map(([name, type]) => [name, Type.Optional(type)])) as {
    [Name in keyof Members]: ReturnType<typeof Type.Optional<Members[Name]>>
  }
}

interface Guarded {
  ca: Ca | undefined
  set: AccountGuards
}

/** The guards of the account, or of one of its CAs. */
const theGuarded = <Input extends { caId?: string }>(): ResourceRule<
  Input,
  Guarded,
  { guards: GuardStore; cas: CaStore }
> => ({
  async find({ caId }, { guards, cas }, { accountId }) {
    const ca = caId === undefined ? undefined : await cas.find(accountId, caId)
    return caId !== undefined && !ca ? undefined : { ca, set: await guards.guards(accountId) }
  },
  attributes: ({ caId }, found) => (caId === undefined ? {} : caAttributes(caId, found?.ca)),
  missing: ({ caId }) => caProblem('CaNotFound', { caId: caId! }),
})

const keptOf = (set: AccountGuards, caId: string | undefined): KeptGuards =>
  (caId === undefined ? set.account : set.cas[caId]) ?? none

/** What is in force, what will be and from when, and for a CA what comes of that and the account's together. */
export const showGuards = operation<GuardNeeds>()({
  name: 'ShowGuards',
  summary: 'Show the guards of the account or of a CA',
  access: 'read',
  actions: ['certkeep:guards:show'],
  input: Type.Object({ caId: Type.Optional(uuidInput) }, { additionalProperties: false }),
  resource: theGuarded<{ caId?: string }>(),
  problems: ['CaNotFound'],
  run({ caId }, { set }, { domainClock }) {
    const now = domainClock.now()
    const kept = keptOf(set, caId)
    const guards = inForce(kept, now)
    const coming = kept.weaker !== null && kept.weaker.from > now ? kept.weaker : null
    return Promise.resolve({
      answer: { caId: caId ?? null, guards, weaker: coming, inForce: effectiveGuards(set, caId, now) },
    })
  },
})

type SetInput = Static<typeof setInput>

/** What is asked for: what is not named stays as it is now. */
const wantedOf = (input: SetInput, before: Guards): Guards => ({
  ...before,
  ...Object.fromEntries(Object.entries(input).filter(([name]) => name !== 'caId')),
})

const weakened = (input: SetInput, { set }: Guarded, now: number): boolean => {
  const before = inForce(keptOf(set, input.caId), now)
  return weakens(before, wantedOf(input, before))
}

/**
 * Sets guards of the account, or of one of its CAs. What makes them stricter is in force at once, and takes a coming weakening back; what makes
 * them less strict is in force a day later, and needs a second person where two are asked for.
 */
export const setGuards = operation<GuardNeeds>()({
  name: 'SetGuards',
  summary: 'Set the guards of the account or of a CA',
  access: 'write',
  actions: ['certkeep:guards:set'],
  input: setInput,
  resource: theGuarded<SetInput>(),
  guarded: (input, found, { domainClock }) =>
    weakened(input, found, domainClock.now())
      ? {
          kind: 'weakenGuards',
          caId: input.caId,
          objectId: input.caId ?? found.set.accountId,
          version: found.set.version,
          terms: { guards: wantedOf(input, inForce(keptOf(found.set, input.caId), domainClock.now())) },
        }
      : undefined,
  problems: ['CaNotFound', 'InputInvalid', 'ChangedMeanwhile'],
  run(input, { set }, { guards, domainClock }, { accountId }) {
    const now = domainClock.now()
    const { caId } = input
    const ofAccount = caId === undefined ? undefined : Object.keys(caps).find((name) => Object.hasOwn(input, name))
    if (ofAccount !== undefined)
      throw kernelProblem('InputInvalid', { field: ofAccount, reason: 'is a cap of the account, not of a CA' })
    const before = inForce(keptOf(set, caId), now)
    const wanted = wantedOf(input, before)
    const atOnce = strictest(before, wanted)
    const kept: KeptGuards = {
      guards: atOnce,
      weaker: sameGuards(atOnce, wanted) ? null : { guards: wanted, from: now + weakenedAfter },
    }
    const next: AccountGuards = {
      ...set,
      ...(caId === undefined ? { account: kept } : { cas: { ...set.cas, [caId]: kept } }),
    }
    return Promise.resolve({
      answer: { guards: kept.guards, weaker: kept.weaker },
      writes: [guards.replaceGuards(set, next, changed)],
      audit: {
        objectType: caId === undefined ? 'account' : 'ca',
        objectId: caId ?? accountId,
        facts: { guardsBefore: before, guards: kept.guards, weaker: kept.weaker },
      },
    })
  },
})

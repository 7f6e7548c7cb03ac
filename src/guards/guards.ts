/** What holds back who may: of an account, or of one of its CAs. All of it is off in a new account, as in the clouds. */
export interface CaGuards {
  /** No end, by whichever way. */
  deletionProtection: boolean
  /** No end while something shows that it is used: see {@link import('./store.ts').Evidence}. */
  refuseWhileInUse: boolean
  /** An end needs a second person. */
  twoPersons: boolean
}

/** How often a day (UTC); null is as often as they like. */
export interface Caps {
  certificateDeletionsPerUser: number | null
  certificateDeletionsPerAccount: number | null
  caDeletionsPerUser: number | null
  caDeletionsPerAccount: number | null
  revocationsPerUser: number | null
  revocationsPerAccount: number | null
}

export type Guards = CaGuards & Caps

export const off: Guards = {
  deletionProtection: false,
  refuseWhileInUse: false,
  twoPersons: false,
  certificateDeletionsPerUser: null,
  certificateDeletionsPerAccount: null,
  caDeletionsPerUser: null,
  caDeletionsPerAccount: null,
  revocationsPerUser: null,
  revocationsPerAccount: null,
}

/** What is in force, and what weaker guards will be in force from an instant of the domain clock. */
export interface KeptGuards {
  guards: Guards
  weaker: { guards: Guards; from: number } | null
}

/** All guards of an account. `version` is 0 while nothing was ever set. */
export interface AccountGuards {
  accountId: string
  version: number
  account: KeptGuards
  cas: Readonly<Record<string, KeptGuards>>
}

export const none: KeptGuards = { guards: off, weaker: null }

export const inForce = ({ guards, weaker }: KeptGuards, now: number): Guards =>
  weaker !== null && weaker.from <= now ? weaker.guards : guards

type Value = boolean | number | null

const stricter = (a: Value, b: Value): Value => {
  if (typeof a === 'boolean' || typeof b === 'boolean') return a === true || b === true
  return a === null ? b : b === null ? a : Math.min(a, b)
}

/** Of each guard the stricter. */
export const strictest = (a: Guards, b: Guards): Guards =>
  Object.fromEntries(
    (Object.keys(off) as (keyof Guards)[]).map((name) => [name, stricter(a[name], b[name])]),
  ) as unknown as Guards

export const sameGuards = (a: Guards, b: Guards): boolean =>
  (Object.keys(off) as (keyof Guards)[]).every((name) => a[name] === b[name])

/** Whether any guard would be less strict than now. */
export const weakens = (now: Guards, wanted: Guards): boolean => !sameGuards(strictest(now, wanted), wanted)

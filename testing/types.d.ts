/** Certkeep's emulator for tests: `import { startCertkeep } from 'certkeep/testing'`. See docs/testing.md. */

export interface Credentials {
  /** As Alibaba names the account. */
  accountId: string
  accountName: string
  /** As Huawei names the account. */
  domainId: string
  userName: string
  password: string
  accessKeyId: string
  accessKeySecret: string
}

/** An access key with what each vendor's client wants besides. */
export interface Account extends Credentials {
  /** Huawei's clients want one for regional services; it is the account's domain id. */
  projectId: string
}

export interface StartOptions {
  /** What there is from the beginning: see {@link Certkeep.seed}. */
  seed?: Seed
  /** Refuse parameters that nobody reads, which the clouds ignore. Default false. */
  strict?: boolean
  /** Default: a free one. */
  port?: number
  /** Default: a folder of its own, removed by `stop`. One that is given stays. */
  dataFolder?: string
  /** How long to wait until it is ready, ms. Default 30,000. */
  timeoutMs?: number
}

/** What goes wrong with calls. One of `status` (with `code`), `throttle`, `drop` and `delayMs` is needed. */
export interface Fault {
  /** Default: every door that knows the operation. */
  door?: 'alibaba' | 'huawei' | 'own' | 'pki'
  /** As the vendor names it: `DeleteUserCertificate`, `DeleteCertificateAuthority`; `crl` or `issuer` of the door `pki`. */
  operation?: string
  /** Calls that it meets. Default 1. */
  times?: number
  /** Matching calls that pass before. Default 0. */
  skip?: number
  delayMs?: number
  /** 400 to 599, with the error code of the cloud. */
  status?: number
  code?: string
  message?: string
  /** The door's own answer to calls that are too fast. */
  throttle?: boolean
  retryAfterMs?: number
  /** The connection ends without an answer. */
  drop?: boolean
  /** The call is done all the same, and only its answer is lost. */
  done?: boolean
}

/** What there is at the beginning, and everything about it that matters to a test; the rest has defaults (docs/testing.md). */
export interface Seed extends SeedAccount {
  /** The same number gives the same ids, access keys and passwords on every run. Default 1. */
  number?: number
  /** Further accounts. */
  accounts?: (SeedAccount & { name: string })[]
}

export interface SeedAccount {
  users?: { name: string; password?: string; keys?: 0 | 1 | 2; policies?: (string | object)[] }[]
  cas?: SeedCa[]
}

export interface SeedCa {
  name: string
  /** Default `active`. A `revoked` CA has a parent. */
  state?: 'active' | 'pendingActivation' | 'disabled' | 'expired' | 'revoked' | 'pendingDeletion' | 'destroyed'
  keyAlgorithm?: string
  /** `10y`, `90d`, `12h`. Default `10y`; `1y` for an expired one. */
  validity?: string
  /** How long ago it was made. Default: as long as what is under it needs. */
  age?: string
  /** Of a CA that is pending deletion: 7 to 30 days. Default 30. */
  keepDays?: number
  certificates?: SeedCertificate[]
  /** Subordinates. */
  cas?: SeedCa[]
}

export interface SeedCertificate {
  /** The common name, and a DNS name of it. With a count above 1 a number goes before it. */
  name: string
  state?: 'valid' | 'expired' | 'revoked'
  /** Default `90d`. */
  validity?: string
  age?: string
  count?: number
  /** Also uploaded, under its name: what Alibaba's DeleteUserCertificate works on. */
  upload?: boolean
}

export interface SeededAccount {
  name?: string
  credentials: Credentials
  users: { name: string; userId: string; password?: string; keys: { accessKeyId: string; accessKeySecret: string }[] }[]
  cas: SeededCa[]
}

export interface SeededCa {
  name: string
  state: string
  caId: string
  certificates: { name: string; state: string; certificateId: string; uploadId?: string; certId?: number }[]
  cas: SeededCa[]
}

export interface Seeded extends SeededAccount {
  number: number
  accounts: SeededAccount[]
}

/** A running emulator. */
export interface Certkeep extends AsyncDisposable {
  /** `http://127.0.0.1:54321`, as Huawei's clients want their endpoint. */
  url: string
  /** `127.0.0.1:54321`, as Alibaba's clients want theirs (with the protocol `http`). */
  endpoint: string
  /** Of the first account's administrator. */
  credentials: Account
  /** What `seed` of the start made; undefined without one. */
  seeded: Seeded | undefined
  /** A further, empty account: tests that share an emulator do not see each other's. */
  createAccount(name?: string): Promise<Account>
  /** Makes what a declaration says. */
  seed(seed: Seed): Promise<Seeded>
  /** The emulator's clock. */
  now(): Promise<Date>
  /** Moves the clock on (`30d`, `1d12h`, ms) or back (`-1h`); resolves when everything that fell due has been done. */
  advance(by: string | number): Promise<Date>
  /** Sets the clock. */
  setTime(to: Date | string | number): Promise<Date>
  /** Lets the clock stand still. */
  freeze(): Promise<Date>
  /** Lets it run again. */
  thaw(): Promise<Date>
  fault(fault: Fault): Promise<void>
  clearFaults(): Promise<void>
  strict(on: boolean): Promise<void>
  /** Clock as the host's, no faults, strict as at the start; accounts and what they have stay. */
  reset(): Promise<void>
  /** Ends it, and removes its data. */
  stop(): Promise<void>
}

/** Starts an emulator and resolves when it is ready. @throws Error that says why it did not start */
export declare function startCertkeep(options?: StartOptions): Promise<Certkeep>

import type { Problem, Write } from '../kernel/index.ts'

/** The tenant. `id` is the numeric name (Alibaba), `domainId` the 32 hex digits of the same account (Huawei). */
export interface Account {
  id: string
  domainId: string
  name: string
  /** Rises with every change to the account's users, keys, policies and attachments. */
  iamVersion: number
  createdAt: number
}

export interface User {
  /** 32 hex digits. */
  id: string
  accountId: string
  /** The same user as a decimal number. */
  decimalId: string
  name: string
  passwordHash: string | null
  enabled: boolean
  createdAt: number
  createdBy: string | null
  /** Rises with what ends tokens early: password, enabled, keys, permissions. */
  version: number
}

export interface AccessKey {
  id: string
  accountId: string
  userId: string
  sealedSecret: Uint8Array
  enabled: boolean
  createdAt: number
  version: number
}

export interface StoredPolicy {
  id: string
  accountId: string
  name: string
  grammar: string
  document: string
  createdAt: number
  version: number
}

export interface IssuedToken {
  hash: Uint8Array
  accountId: string
  userId: string
  userVersion: number
  /** The scope as it was asked for, as JSON. */
  scope: string
  issuedAt: number
  expiresAt: number
}

/** Who somebody is and what is attached to them, read together. */
export interface Identity {
  account: Account
  user: User
  /** Ids of attached policies; `system:<name>` for built-in ones. */
  policyIds: string[]
  policies: StoredPolicy[]
}

/** What access management needs remembered. Look-ups by key, token and name go over all accounts: they find out which it is. */
export interface IamStore {
  identity(userId: string): Promise<Identity | undefined>
  accessKey(id: string): Promise<AccessKey | undefined>
  token(hash: Uint8Array): Promise<IssuedToken | undefined>
  account(by: { id: string } | { domainId: string } | { name: string }): Promise<Account | undefined>
  firstAccount(): Promise<Account | undefined>
  userByName(accountId: string, name: string): Promise<User | undefined>
  user(accountId: string, id: string): Promise<User | undefined>
  users(accountId: string): Promise<User[]>
  accessKeysOfUser(accountId: string, userId: string): Promise<AccessKey[]>
  policyByName(accountId: string, name: string): Promise<StoredPolicy | undefined>

  insertAccount(account: Account): Write
  insertUser(user: User, nameTaken: Problem): Write
  replaceUser(was: User, next: User, changed: Problem): Write
  insertAccessKey(key: AccessKey): Write
  replaceAccessKey(was: AccessKey, next: AccessKey, changed: Problem): Write
  insertPolicy(policy: StoredPolicy, nameTaken: Problem): Write
  attach(accountId: string, userId: string, policyId: string, at: number): Write
  detach(accountId: string, userId: string, policyId: string, notAttached: Problem): Write
  insertToken(token: IssuedToken): Write
  forgetTokens(expiredBefore: number): Write
  /** To be part of every change above that concerns rights. */
  raiseVersion(accountId: string): Write
  /** A condition of a commit: nothing about the account's rights has changed since this version. */
  unchangedSince(accountId: string, iamVersion: number, changed: Problem): Write
  /** `used` when this hash was remembered before. */
  rememberNonce(hash: Uint8Array, expiresAt: number, used: Problem): Write
  forgetNonces(expiredBefore: number): Write
}

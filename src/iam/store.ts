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
  tags: Readonly<Record<string, string>>
}

export interface Group {
  /** 32 hex digits. */
  id: string
  accountId: string
  name: string
  createdAt: number
}

/** What somebody else may become for a while: a role (Alibaba), an agency (Huawei). */
export interface Role {
  /** 32 hex digits. */
  id: string
  accountId: string
  /** The same role as a decimal number. */
  decimalId: string
  name: string
  description: string
  /** Who may take it: JSON, see policies/trust.ts. */
  trustPolicy: string
  maxSessionSeconds: number
  createdAt: number
  version: number
}

/** Resources that belong together: an enterprise project under `id` (a UUID), a resource group under `groupId` (`rg-…`). */
export interface ResourceGroup {
  id: string
  groupId: string
  accountId: string
  name: string
  createdAt: number
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

/** A policy of the account with its default version, the one in force. */
export interface StoredPolicy {
  id: string
  accountId: string
  name: string
  grammar: string
  document: string
  createdAt: number
  version: number
  defaultVersion: number
  /** The highest number that a version ever had: numbers are not given again. */
  lastVersion: number
}

export interface PolicyVersion {
  policyId: string
  /** From 1. */
  number: number
  grammar: string
  document: string
  createdAt: number
}

export type PrincipalKind = 'user' | 'group' | 'role'

export interface Attachment {
  accountId: string
  principalKind: PrincipalKind
  principalId: string
  /** Of a policy of the account; `system:<id>` for a built-in one. */
  policyId: string
  /** The resource group it is for; null for the whole account. */
  scope: string | null
  createdAt: number
}

/** An attachment with what it is good for. */
export interface AttachedTo {
  policyId: string
  scope: { enterpriseProjectId: string; resourceGroupId: string } | null
}

/** A temporary key, and whose rights it has: the role's, or, without one, its maker's. */
export interface Session {
  accessKeyId: string
  /** Where it acts: the role's account. */
  accountId: string
  roleId: string | null
  /** Chosen by the maker; in the name of the principal. */
  name: string
  /** The user who asked for it, or whose temporary key did. Disabling them ends it. */
  makerId: string
  /** The permanent key that it goes back to, if one. Disabling that ends it. */
  makerKeyId: string | null
  sealedSecret: Uint8Array
  /** SHA-256. */
  tokenHash: Uint8Array
  /** JSON; limits what the role or user may. */
  policy: string | null
  issuedAt: number
  expiresAt: number
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
  /** To the user and to groups of theirs. */
  attachments: AttachedTo[]
  /** The attached ones that are the account's own. */
  policies: StoredPolicy[]
}

export interface RoleIdentity extends Omit<Identity, 'user'> {
  role: Role
}

type AccountVersion = Pick<Account, 'id' | 'iamVersion'>

export type AccountReference = { id: string } | { domainId: string } | { name: string }

/** Look-ups by key, token and name go over all accounts: they find out which it is. */
interface IamReads {
  identity(userId: string): Promise<Identity | undefined>
  roleIdentity(roleId: string): Promise<RoleIdentity | undefined>
  accessKey(id: string): Promise<AccessKey | undefined>
  session(accessKeyId: string): Promise<Session | undefined>
  token(hash: Uint8Array): Promise<IssuedToken | undefined>
  account(by: AccountReference): Promise<Account | undefined>
  firstAccount(): Promise<Account | undefined>
  /** Grows with every change of rights in any account, and by nothing else. */
  rightsMark(): Promise<number>
  userByName(accountId: string, name: string): Promise<User | undefined>
  user(accountId: string, id: string): Promise<User | undefined>
  users(accountId: string): Promise<User[]>
  accessKeysOfUser(accountId: string, userId: string): Promise<AccessKey[]>
  /** When each of the user's keys was last used, within a minute; keys without use are absent. */
  usesOfKeys(accountId: string, userId: string): Promise<{ accessKeyId: string; usedAt: number; door: string }[]>
  groupByName(accountId: string, name: string): Promise<Group | undefined>
  groups(accountId: string): Promise<Group[]>
  groupsOfUser(accountId: string, userId: string): Promise<Group[]>
  members(accountId: string, groupId: string): Promise<User[]>
  roleByName(accountId: string, name: string): Promise<Role | undefined>
  roles(accountId: string): Promise<Role[]>
  policyByName(accountId: string, name: string): Promise<StoredPolicy | undefined>
  policyById(accountId: string, id: string): Promise<StoredPolicy | undefined>
  policies(accountId: string): Promise<StoredPolicy[]>
  /** Oldest first. */
  policyVersions(policyId: string): Promise<PolicyVersion[]>
  attachmentsOf(accountId: string, principalId: string): Promise<Attachment[]>
  /** With the name of each user, group and role. */
  attachmentsOfPolicy(accountId: string, policyId: string): Promise<(Attachment & { principalName: string })[]>
  /** Enabled users to whom one of these is attached for the whole account, or to a group of theirs. */
  holders(accountId: string, policyIds: readonly string[]): Promise<User[]>
  resourceGroup(accountId: string, by: { id: string } | { name: string }): Promise<ResourceGroup | undefined>
  resourceGroups(accountId: string): Promise<ResourceGroup[]>
}

interface IamWrites {
  insertAccount(account: Account): Write
  insertUser(user: User, nameTaken: Problem): Write
  replaceUser(was: User, next: User, changed: Problem): Write
  removeUser(user: User, changed: Problem): Write
  insertAccessKey(key: AccessKey): Write
  replaceAccessKey(was: AccessKey, next: AccessKey, changed: Problem): Write
  removeAccessKey(key: AccessKey, changed: Problem): Write
  /** Unless it is noted already that the key was used in the minute before. */
  noteKeyUse(accessKeyId: string, door: string, at: number): Write
  insertGroup(group: Group, nameTaken: Problem): Write
  removeGroup(group: Group, changed: Problem): Write
  /** A user who is in it stays in it. */
  addMember(accountId: string, groupId: string, userId: string, at: number): Write
  removeMember(accountId: string, groupId: string, userId: string, notMember: Problem): Write
  insertRole(role: Role, nameTaken: Problem): Write
  replaceRole(was: Role, next: Role, changed: Problem): Write
  removeRole(role: Role, changed: Problem): Write
  insertPolicy(policy: StoredPolicy, nameTaken: Problem): Write
  replacePolicy(was: StoredPolicy, next: StoredPolicy, changed: Problem): Write
  removePolicy(policy: StoredPolicy, changed: Problem): Write[]
  insertPolicyVersion(version: PolicyVersion): Write
  removePolicyVersion(policyId: string, number: number, notThere: Problem): Write
  attach(attachment: Attachment): Write
  detach(attachment: Omit<Attachment, 'createdAt' | 'principalKind'>, notAttached: Problem): Write
  insertResourceGroup(group: ResourceGroup, nameTaken: Problem): Write
  insertToken(token: IssuedToken): Write
  forgetTokens(expiredBefore: number): Write
  endTokens(userId: string): Write
  insertSession(session: Session): Write
  forgetSessions(expiredBefore: number): Write
  endSessions(of: { makerId: string } | { makerKeyId: string } | { roleId: string }): Write
  /** Ends the tokens of all users to whom the policy is attached, or who are in such a group. */
  raiseUsersWithPolicy(accountId: string, policyId: string): Write
  raiseMembers(accountId: string, groupId: string): Write
  /** To be part of every change above that concerns rights. */
  raiseVersion(accountId: string): Write
  /** A condition of a commit: nothing about the rights of these accounts has changed since these versions. */
  unchangedSince(accounts: readonly [AccountVersion, (AccountVersion | undefined)?], changed: Problem): Write
  /** `used` when this hash was remembered before. */
  rememberNonce(hash: Uint8Array, expiresAt: number, used: Problem): Write
  forgetNonces(expiredBefore: number): Write
}

/** What access management needs remembered. Reads see what was committed; a write happens when its commit returns. */
export interface IamStore extends IamReads, IamWrites {}

import type {
  AccessKey,
  Account,
  Attachment,
  Group,
  IssuedToken,
  PolicyVersion,
  PrincipalKind,
  ResourceGroup,
  Role,
  Session,
  StoredPolicy,
  User,
} from '../iam/index.ts'
import type { Schema } from './schema.ts'

/** A row and an object that differ in nothing but the names of their fields. */
function renamed<Row, Thing>() {
  return <const Names extends { readonly [Column in keyof Row & string]: keyof Thing & string }>(
    names: Exclude<keyof Thing, Names[keyof Names]> extends never ? Names : never,
  ) => {
    const pairs = Object.entries(names) as [keyof Row & string, keyof Thing & string][]
    return {
      columns: pairs.map(([column]) => column),
      fromRow: (row: Row): Thing => Object.fromEntries(pairs.map(([column, field]) => [field, row[column]])) as Thing,
      toRow: (thing: Thing): Row => Object.fromEntries(pairs.map(([column, field]) => [column, thing[field]])) as Row,
    }
  }
}

/** As {@link renamed}, for an object of which some fields are written otherwise in a row. */
function converted<Row, Plain, Thing>(
  names: ReturnType<ReturnType<typeof renamed<Row, Plain>>>,
  read: (plain: Plain) => Thing,
  write: (thing: Thing) => Plain,
) {
  return {
    columns: names.columns,
    fromRow: (row: Row): Thing => read(names.fromRow(row)),
    toRow: (thing: Thing): Row => names.toRow(write(thing)),
  }
}

export const accountRows = renamed<Schema['accounts'], Account>()({
  id: 'id',
  domain_id: 'domainId',
  name: 'name',
  iam_version: 'iamVersion',
  created_at: 'createdAt',
})

type PlainUser = Omit<User, 'enabled' | 'tags'> & { enabled: number; tags: string }

export const userRows = converted(
  renamed<Schema['users'], PlainUser>()({
    id: 'id',
    account_id: 'accountId',
    decimal_id: 'decimalId',
    name: 'name',
    password_hash: 'passwordHash',
    enabled: 'enabled',
    created_at: 'createdAt',
    created_by: 'createdBy',
    version: 'version',
    tags: 'tags',
  }),
  (user): User => ({ ...user, enabled: user.enabled === 1, tags: JSON.parse(user.tags) as User['tags'] }),
  (user) => ({ ...user, enabled: user.enabled ? 1 : 0, tags: JSON.stringify(user.tags) }),
)

export const keyRows = converted(
  renamed<Schema['access_keys'], Omit<AccessKey, 'enabled'> & { enabled: number }>()({
    id: 'id',
    account_id: 'accountId',
    user_id: 'userId',
    sealed_secret: 'sealedSecret',
    enabled: 'enabled',
    created_at: 'createdAt',
    version: 'version',
  }),
  (key): AccessKey => ({ ...key, enabled: key.enabled === 1 }),
  (key) => ({ ...key, enabled: key.enabled ? 1 : 0 }),
)

export const policyRows = renamed<Schema['policies'], StoredPolicy>()({
  id: 'id',
  account_id: 'accountId',
  name: 'name',
  grammar: 'grammar',
  document: 'document',
  created_at: 'createdAt',
  version: 'version',
  default_version: 'defaultVersion',
  last_version: 'lastVersion',
})

export const policyVersionRows = renamed<Schema['policy_versions'], PolicyVersion>()({
  policy_id: 'policyId',
  number: 'number',
  grammar: 'grammar',
  document: 'document',
  created_at: 'createdAt',
})

export const tokenRows = renamed<Schema['tokens'], IssuedToken>()({
  hash: 'hash',
  account_id: 'accountId',
  user_id: 'userId',
  user_version: 'userVersion',
  scope: 'scope',
  issued_at: 'issuedAt',
  expires_at: 'expiresAt',
})

export const groupRows = renamed<Schema['user_groups'], Group>()({
  id: 'id',
  account_id: 'accountId',
  name: 'name',
  created_at: 'createdAt',
})

export const roleRows = renamed<Schema['roles'], Role>()({
  id: 'id',
  account_id: 'accountId',
  decimal_id: 'decimalId',
  name: 'name',
  description: 'description',
  trust_policy: 'trustPolicy',
  max_session_seconds: 'maxSessionSeconds',
  created_at: 'createdAt',
  version: 'version',
})

export const resourceGroupRows = renamed<Schema['resource_groups'], ResourceGroup>()({
  id: 'id',
  group_id: 'groupId',
  account_id: 'accountId',
  name: 'name',
  created_at: 'createdAt',
})

type PlainAttachment = Omit<Attachment, 'scope' | 'principalKind'> & { scope: string; principalKind: string }

export const attachmentRows = converted(
  renamed<Schema['attachments'], PlainAttachment>()({
    account_id: 'accountId',
    principal_kind: 'principalKind',
    principal_id: 'principalId',
    policy_id: 'policyId',
    scope: 'scope',
    created_at: 'createdAt',
  }),
  (plain): Attachment => ({
    ...plain,
    principalKind: plain.principalKind as PrincipalKind,
    scope: plain.scope === '' ? null : plain.scope,
  }),
  (attachment) => ({ ...attachment, scope: attachment.scope ?? '' }),
)

export const sessionRows = renamed<Schema['sessions'], Session>()({
  access_key_id: 'accessKeyId',
  account_id: 'accountId',
  role_id: 'roleId',
  name: 'name',
  maker_id: 'makerId',
  maker_key_id: 'makerKeyId',
  sealed_secret: 'sealedSecret',
  token_hash: 'tokenHash',
  policy: 'policy',
  issued_at: 'issuedAt',
  expires_at: 'expiresAt',
})

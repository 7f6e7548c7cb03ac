import type { Generated } from 'kysely'

/** The tables as both engines give them back; the words for a column's meaning stand in migrations/0001-initial.ts. */
export interface Schema {
  meta: { key: string; value: string }
  accounts: { id: string; domain_id: string; name: string; iam_version: number; created_at: number }
  users: {
    id: string
    account_id: string
    decimal_id: string
    name: string
    password_hash: string | null
    enabled: number
    created_at: number
    created_by: string | null
    version: number
    tags: string
  }
  access_keys: {
    id: string
    account_id: string
    user_id: string
    sealed_secret: Uint8Array
    enabled: number
    created_at: number
    version: number
  }
  tokens: {
    hash: Uint8Array
    account_id: string
    user_id: string
    user_version: number
    scope: string
    issued_at: number
    expires_at: number
  }
  policies: {
    id: string
    account_id: string
    name: string
    grammar: string
    document: string
    created_at: number
    version: number
    default_version: number
    last_version: number
  }
  policy_versions: { policy_id: string; number: number; grammar: string; document: string; created_at: number }
  user_groups: { id: string; account_id: string; name: string; created_at: number }
  group_members: { account_id: string; user_id: string; group_id: string; created_at: number }
  roles: {
    id: string
    account_id: string
    decimal_id: string
    name: string
    description: string
    trust_policy: string
    max_session_seconds: number
    created_at: number
    version: number
  }
  resource_groups: { id: string; group_id: string; account_id: string; name: string; created_at: number }
  attachments: {
    account_id: string
    principal_kind: string
    principal_id: string
    policy_id: string
    scope: string
    created_at: number
  }
  sessions: {
    access_key_id: string
    account_id: string
    role_id: string | null
    name: string
    maker_id: string
    maker_key_id: string | null
    sealed_secret: Uint8Array
    token_hash: Uint8Array
    policy: string | null
    issued_at: number
    expires_at: number
  }
  access_key_uses: { access_key_id: string; used_at: number; door: string }
  nonces: { expires_at: number; hash: Uint8Array }
  keys: {
    id: string
    account_id: string
    algorithm: string
    spki: Uint8Array
    spki_sha256: Uint8Array
    sealed_private_key: Uint8Array | null
    state: string
    created_at: number
    destroyed_at: number | null
  }
  cas: {
    id: string
    account_id: string
    version: number
    state: string
    type: string
    gen_mode: string
    listed: number
    key_id: string | null
    key_algorithm: string
    signature_hash: string | null
    common_name: string
    subject: string
    issuer_id: string | null
    issuer_name: string | null
    path_length: number | null
    key_usages: string
    serial: string | null
    not_before: number | null
    not_after: number | null
    certificate: Uint8Array | null
    chain: Uint8Array | null
    crl: string
    crl_number: number
    enterprise_project_id: string
    tags: string
    created_at: number
    due_at: number | null
    deletion: string | null
    revoked_at: number | null
    revocation_reason: string | null
  }
  certificates: {
    seq: Generated<number>
    id: string
    number: number
    account_id: string
    version: number
    source: string
    gen_mode: string
    name: string | null
    issuer_id: string | null
    issuer_name: string
    common_name: string
    subject: string
    sans: string
    serial: string
    key_algorithm: string
    signature_hash: string
    not_before: number
    not_after: number
    certificate: Uint8Array
    chain: Uint8Array | null
    sealed_private_key: Uint8Array | null
    sha256: Uint8Array
    enterprise_project_id: string
    resource_group_id: string
    tags: string
    created_at: number
    revoked_at: number | null
    revocation_reason: string | null
  }
  issuances: {
    ca_id: string
    serial: string
    kind: string
    not_after: number
    certificate_sha256: Uint8Array
    spki_sha256: Uint8Array
    issued_at: number
  }
  revocations: { ca_id: string; serial: string; revoked_at: number; reason: string; not_after: number }
  revocation_changes: { ca_id: string; changes: number }
  ocsp_responders: {
    ca_id: string
    serial: string
    not_after: number
    certificate: Uint8Array
    sealed_private_key: Uint8Array
    issued_at: number
  }
  compromised_keys: { spki_sha256: Uint8Array; revoked_at: number }
  signings: {
    id: string
    ca_id: string
    purpose: string
    serial: string
    tbs_sha256: Uint8Array
    not_after: number
    created_at: number
    done: number
  }
  crls: {
    ca_id: string
    number: number
    this_update: number
    next_update: number
    entries: number
    size: number
    sha256: Uint8Array
    final: number
  }
  crl_parts: { ca_id: string; number: number; part: number; bytes: Uint8Array }
  jobs: {
    kind: string
    subject: string
    due_at: number
    lease_owner: string | null
    lease_until: number
    attempts: number
    version: number
    last_error: string | null
  }
  notices: {
    id: string
    kind: string
    account_id: string
    object_id: string
    common_name: string
    issuer_name: string | null
    serial: string | null
    not_after: number
    within_days: number
    created_at: number
    sent_at: number | null
  }
  audit_entries: {
    seq: Generated<number>
    at: number
    account_id: string
    user_id: string
    user_name: string
    access_key_id: string | null
    source_ip: string
    door: string
    request_id: string
    operation: string
    object_type: string
    object_id: string
    outcome: string
    code: string
    facts: string
    salt: Uint8Array | null
    log_index: number | null
    erased: string | null
  }
  guards: { account_id: string; version: number; document: string }
  approvals: {
    id: string
    account_id: string
    operation: string
    object_id: string
    ca_id: string | null
    digest: string
    subject: string
    state: string
    requested_by: string
    requested_by_name: string
    requested_as: string
    requested_at: number
    expires_at: number
    decided_by: string | null
    decided_by_name: string | null
    decided_at: number | null
    version: number
  }
  guard_counts: { account_id: string; day: number; kind: string; subject: string; count: number }
  rights_given: { account_id: string; principal_id: string; given_by: string; given_at: number }
  audit_tiles: { level: number; number: number; hashes: Uint8Array }
  audit_log: { id: number; size: number; checkpoint: string; lease_owner: string | null; lease_until: number }
  receipts: { ca_id: string; statement: string; signature: Uint8Array }
  ledger_counts: {
    ca_id: string
    expiry_day: number
    kind: string
    crl_url: string
    slot: number
    issued: number
    revoked: number
    decrypting: number
    last_not_after: number
    last_issued_at: number
  }
  use_marks: { subject: string; serial: string; source: string; first_at: number; last_at: number; count: number }
  alarms: {
    kind: string
    subject: string
    account_id: string
    reason: string
    raised_at: number
    last_at: number
    times: number
  }
  processes: { id: string; started_at: number; lease_until: number }
  key_confirmations: { key_id: string; process_id: string; stage: string }
  certificate_index: { id: number; version: number; seq_to: number; judged_at: number }
  certificate_entries: {
    seq: number
    id: string
    account_id: string
    class: number
    resource_group_id: string
    common_name: string
    issuer_name: string
    not_after: number
    sans: string
  }
  rate_shares: { pair: Uint8Array; process_id: string; share: number; wanted: number }
}

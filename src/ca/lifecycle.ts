export type CaState = 'pendingActivation' | 'active' | 'disabled' | 'pendingDeletion' | 'ending' | 'destroyed'

export type CaEvent =
  | 'installCertificate'
  | 'deleteUnused'
  | 'disable'
  | 'enable'
  | 'scheduleDeletion'
  | 'restore'
  | 'theDayComes'
  | 'keyDestroyed'

/**
 * The whole life of a CA. Expired follows from notAfter and the domain clock, revoked from the parent's ledger: neither
 * is stored as a state. `ending` and `destroyed` cannot be left: what happens there is irreversible.
 */
export const caLifecycle: Readonly<Record<CaState, Partial<Record<CaEvent, CaState>>>> = {
  pendingActivation: { installCertificate: 'active', deleteUnused: 'destroyed' },
  active: { disable: 'disabled' },
  disabled: { enable: 'active', scheduleDeletion: 'pendingDeletion' },
  pendingDeletion: { restore: 'disabled', theDayComes: 'ending' },
  ending: { keyDestroyed: 'destroyed' },
  destroyed: {},
}

/** What a CA may still do in a state. Revoking and publishing go on while it waits for its day; issuing does not. */
export const caAbilities: Readonly<Record<CaState, { issue: boolean; revoke: boolean; publishCrl: boolean }>> = {
  pendingActivation: { issue: false, revoke: false, publishCrl: false },
  active: { issue: true, revoke: true, publishCrl: true },
  disabled: { issue: false, revoke: true, publishCrl: true },
  pendingDeletion: { issue: false, revoke: true, publishCrl: true },
  // The final CRL of an ending CA is signed by the procedure of the day, and by nobody else.
  ending: { issue: false, revoke: false, publishCrl: false },
  destroyed: { issue: false, revoke: false, publishCrl: false },
}

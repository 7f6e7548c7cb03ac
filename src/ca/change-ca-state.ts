import { operation, type Clock } from '../kernel/index.ts'
import type { Ca } from './ca.ts'
import { caIdInput, theCa } from './inputs.ts'
import { shownState } from './issuing.ts'
import { caLifecycle, type CaEvent, type CaState } from './lifecycle.ts'
import { problem } from './problems.ts'
import type { CaStore } from './store.ts'

interface Needs {
  cas: CaStore
  domainClock: Clock
}

/** The state an event leads to. @throws Problem CaKeyIsOutside, CaStateForbids */
export function stateAfter(ca: Ca, event: CaEvent, act: string, now: number, hint?: string): CaState {
  if (!ca.listed) throw problem('CaKeyIsOutside', { act })
  const state = caLifecycle[ca.state][event]
  if (!state)
    throw problem('CaStateForbids', { act, state: shownState(ca, now), ...(hint === undefined ? {} : { hint }) })
  return state
}

function change(ca: Ca, event: CaEvent, act: string, { cas, domainClock }: Needs) {
  const next = { ...ca, state: stateAfter(ca, event, act, domainClock.now()) }
  return Promise.resolve({
    answer: {},
    writes: [cas.replace(ca, next, problem('CaChanged'))],
    audit: { objectType: 'ca', objectId: ca.id, facts: { from: ca.state, to: next.state } },
  })
}

/** An active or expired CA stops issuing; it goes on revoking and publishing. */
export const disableCa = operation<Needs>()({
  name: 'DisableCa',
  summary: 'Disable a CA',
  access: 'write',
  actions: ['pca:ca:disable'],
  input: caIdInput,
  resource: theCa(),
  problems: ['CaNotFound', 'CaStateForbids', 'CaChanged', 'CaKeyIsOutside'],
  run: (_input, ca, deps) => change(ca, 'disable', 'disabling', deps),
})

export const enableCa = operation<Needs>()({
  name: 'EnableCa',
  summary: 'Enable a disabled CA',
  access: 'write',
  actions: ['pca:ca:enable'],
  input: caIdInput,
  resource: theCa(),
  problems: ['CaNotFound', 'CaStateForbids', 'CaChanged', 'CaKeyIsOutside', 'CaRevoked'],
  run: (_input, ca, deps) => {
    if (ca.revokedAt !== null) throw problem('CaRevoked', { act: 'enabling' })
    return change(ca, 'enable', 'enabling', deps)
  },
})

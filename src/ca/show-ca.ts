import Type from 'typebox'
import { operation, type Clock, type Page } from '../kernel/index.ts'
import type { Ca } from './ca.ts'
import { caIdInput, theCa } from './inputs.ts'
import { shownState } from './issuing.ts'
import type { CaState } from './lifecycle.ts'
import type { ShownState } from './problems.ts'
import type { CaFilter, CaStore } from './store.ts'

/** A CA as it is shown: its state as of now, beside the record. */
export interface ShownCa {
  ca: Ca
  state: ShownState
}

export const showCa = operation<{ cas: CaStore; domainClock: Clock }>()({
  name: 'ShowCa',
  summary: 'Show a CA',
  access: 'read',
  actions: ['pca:ca:get'],
  input: caIdInput,
  resource: theCa(),
  problems: ['CaNotFound'],
  run: (_input, ca, { domainClock }) =>
    Promise.resolve({ answer: { ca, state: shownState(ca, domainClock.now()) } satisfies ShownCa }),
})

/** Which stored states are meant by a state as it is shown; an active CA past its end shows as expired. */
const storedStates: Record<
  'pending' | 'active' | 'disabled' | 'deleted' | 'expired',
  Pick<CaFilter, 'states' | 'expired'>
> = {
  pending: { states: ['pendingActivation'] },
  active: { states: ['active'], expired: false },
  expired: { states: ['active'], expired: true },
  disabled: { states: ['disabled'] },
  deleted: { states: ['pendingDeletion', 'ending'] },
}

const visibleStates: readonly CaState[] = ['pendingActivation', 'active', 'disabled', 'pendingDeletion', 'ending']

export const listCas = operation<{ cas: CaStore; domainClock: Clock }>()({
  name: 'ListCas',
  summary: 'List CAs',
  access: 'list',
  actions: ['pca:ca:list'],
  input: Type.Object(
    {
      name: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
      state: Type.Optional(Type.Enum(['pending', 'active', 'disabled', 'deleted', 'expired'])),
      type: Type.Optional(Type.Enum(['root', 'subordinate'])),
      sortBy: Type.Optional(Type.Enum(['createdAt', 'commonName', 'type', 'notAfter'])),
      descending: Type.Optional(Type.Boolean()),
      limit: Type.Integer({ minimum: 0, maximum: 1_000 }),
      offset: Type.Integer({ minimum: 0 }),
    },
    { additionalProperties: false },
  ),
  problems: [],
  async run(
    { name, state, type, sortBy = 'createdAt', descending = true, limit, offset },
    _resource,
    { cas, domainClock },
    caller,
  ) {
    const now = domainClock.now()
    const states = state === undefined ? { states: visibleStates } : storedStates[state]
    const page = await cas.list(caller.accountId, { ...states, name, type, now, sortBy, descending }, { offset, limit })
    const answer: Page<ShownCa> = {
      total: page.total,
      rows: page.rows.map((ca) => ({ ca, state: shownState(ca, now) })),
    }
    return { answer }
  },
})

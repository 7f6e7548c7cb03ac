import { operation, problemsOf, type Clock } from '../kernel/index.ts'
import { caIdInput, caProblems, stateAfter, theCa, type CaStore } from '../ca/index.ts'

const problem = problemsOf(caProblems)

/** Takes a scheduled deletion back: the CA is disabled again, with the same key. Possible until its day has begun. */
export const restoreCa = operation<{ cas: CaStore; domainClock: Clock }>()({
  name: 'RestoreCa',
  summary: 'Take back the scheduled deletion of a CA',
  access: 'write',
  actions: ['pca:ca:restore'],
  input: caIdInput,
  resource: theCa(),
  problems: ['CaNotFound', 'CaStateForbids', 'CaChanged', 'CaKeyIsOutside'],

  run(_input, ca, { cas, domainClock }) {
    const state = stateAfter(ca, 'restore', 'restoring', domainClock.now())
    return Promise.resolve({
      answer: {},
      writes: [cas.replace(ca, { ...ca, state, dueAt: null, deletion: null }, problem('CaChanged'))],
      audit: { objectType: 'ca', objectId: ca.id, facts: { from: ca.state, to: state, wasDueAt: ca.dueAt } },
    })
  },
})

import Type from 'typebox'
import { operation, problem as kernelProblem, problemsOf, type Clock } from '../kernel/index.ts'
import { issuanceProblems, uuidInput, type IssuanceLedger } from '../issuance/index.ts'
import { theCa } from './inputs.ts'
import type { CrlSchedule } from './install.ts'
import { issuedFields, loadIssued, readIssued, type RevocationLoading } from './issued-elsewhere.ts'
import { shownState } from './issuing.ts'
import { caAbilities } from './lifecycle.ts'
import { problem } from './problems.ts'
import type { CaStore } from './store.ts'

const issuanceProblem = problemsOf(issuanceProblems)

/**
 * More of what an imported CA had issued before it came, as one call takes 10,000. All or nothing: a serial that the ledger
 * has already refuses the call.
 */
export const importIssued = operation<{
  cas: CaStore
  ledger: IssuanceLedger
  revocations: RevocationLoading
  domainClock: Clock
  crlSchedule: CrlSchedule
  nudgeJobs: () => void
}>()({
  name: 'ImportIssued',
  summary: 'Load what an imported CA had issued and revoked before',
  access: 'write',
  actions: ['certkeep:ca:import'],
  input: Type.Object({ caId: uuidInput, ...issuedFields }, { additionalProperties: false }),
  resource: theCa(),
  problems: ['InputInvalid', 'CaNotFound', 'CaStateForbids', 'CaChanged', 'SerialTaken'],

  run(input, ca, deps) {
    const now = deps.domainClock.now()
    if (ca.genMode !== 'importKey')
      throw kernelProblem('InputInvalid', { field: 'caId', reason: 'is not that of a CA imported with its key' })
    if (!caAbilities[ca.state].revoke)
      throw problem('CaStateForbids', { act: 'loading what it issued', state: shownState(ca, now) })
    const issued = readIssued(input, now)
    return Promise.resolve({
      answer: { loaded: issued.length },
      writes: [
        deps.cas.unchanged(ca, problem('CaChanged')),
        ...loadIssued(deps, ca.id, issued, now, issuanceProblem('SerialTaken')),
        deps.crlSchedule.crlDue(ca.id, now),
      ],
      audit: {
        objectType: 'ca',
        objectId: ca.id,
        facts: { issuedElsewhere: issued.length, revokedElsewhere: issued.filter(({ revoked }) => revoked).length },
      },
      afterwards: deps.nudgeJobs,
    })
  },
})

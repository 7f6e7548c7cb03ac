import { problemsOf } from '../kernel/index.ts'

export const endOfLifeProblems = {
  DayHasCome: () => 'the day of the deletion has come; it cannot be taken back any more',
}

export const problem = problemsOf(endOfLifeProblems)

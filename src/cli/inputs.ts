import type { Command } from 'commander'
import type { InputOf } from './session.ts'
import { given, wholeNumber } from './session.ts'

export interface SubjectOptions {
  commonName: string
  country?: string
  state?: string
  locality?: string
  organization?: string
  organizationalUnit?: string
}

/** The options that make a subject. */
export const addSubject = <C extends Command>(command: C): C =>
  command
    .requiredOption('--common-name <name>', 'CN of the subject')
    .option('--country <code>', 'C, two letters')
    .option('--state <name>', 'ST')
    .option('--locality <name>', 'L')
    .option('--organization <name>', 'O')
    .option('--organizational-unit <name>', 'OU')

export const subjectOf = (options: SubjectOptions): InputOf<'CreateCa'>['subject'] => {
  const { commonName, country, state, locality, organization, organizationalUnit } = options
  return given({ commonName, country, state, locality, organization, organizationalUnit })
}

export interface PagingOptions {
  limit: number
  offset: number
}

export const addPaging = <C extends Command>(command: C): C =>
  command
    .option('--limit <n>', 'how many at most', wholeNumber, 100)
    .option('--offset <n>', 'how many to skip', wholeNumber, 0)

export const pagingOf = ({ limit, offset }: PagingOptions): PagingOptions => ({ limit, offset })

/** A part of a name: one text, or several of the same kind. */
export const nameText = (value: string | readonly string[] | undefined): string =>
  value === undefined ? '-' : typeof value === 'string' ? value : value.join('+')

import type { Compilable, Kysely } from 'kysely'
import type { Committer, Problem, SqlValue, Statement, Write } from '../kernel/index.ts'
import type { Schema } from './schema.ts'

/**
 * What a store builds on. Queries are written once with Kysely, compiled once, and bound many times; reading returns
 * what was committed before the read began.
 */
export interface Database extends Committer {
  readonly engine: 'sqlite' | 'postgres'
  /**
   * A read, compiled now: `db.query<{ id: string }>()((q, p) => q.selectFrom('cas').selectAll().where('id', '=', p.id))`.
   * @param holds for a guard: what must not change between the check and the end of the commit, see {@link Subject}
   */
  query<P>(): <Row>(build: (q: Kysely<Schema>, p: P) => Compilable<Row>, holds?: Subject<P>) => Query<P, Row>
  /** A read whose shape depends on its arguments, compiled at each call. */
  read<Row>(build: (q: Kysely<Schema>) => Compilable<Row>): Promise<Row[]>
  /** A write, compiled now. @param changes what guards hold on to, see {@link Subject} */
  write<P>(): (build: (q: Kysely<Schema>, p: P) => Compilable<unknown>, changes?: Subject<P>) => WriteOf<P>
}

/**
 * Names what a guard speaks of, such as `ca <id>`. A commit with a write that changes a subject, and one with a guard that
 * holds it, never overlap: whichever comes second sees what the first did. Many may hold a subject at once. SQLite's one
 * writer gives that anyway.
 */
export type Subject<P> = (p: P) => string

/** A statement as the engine gets it. */
export interface BoundStatement extends Statement {
  /** The same for the same text, so that an engine prepares it once; absent for one that was compiled for this call. */
  readonly name?: string
  readonly holds?: string | undefined
  readonly changes?: string | undefined
}

export interface Query<P, Row> {
  all(p: P): Promise<Row[]>
  first(p: P): Promise<Row | undefined>
  /** The read as a condition of a commit: it must find one row, or as many as said. See {@link Write.guard}. */
  guard(p: P, otherwise: Problem, rows?: number): Write
}

/** `rows`: how many rows the write must touch, else the set fails with `otherwise`. */
export interface WriteOf<P> {
  (p: P, rows: number, otherwise: Problem): Write
  (p: P, rows?: 'any'): Write
}

/** Stands in a compiled query where a value will be bound. */
class Parameter {
  readonly name: string
  constructor(name: string) {
    this.name = name
  }
}

let compiledStatements = 0

/** Compiles once; the result fills the parameters in. Values that are written out in the query stay as they are. */
export function prepare<P, Row>(
  kysely: Kysely<Schema>,
  build: (q: Kysely<Schema>, p: P) => Compilable<Row>,
): (p: P) => BoundStatement {
  const parameters = new Proxy({}, { get: (_, name) => new Parameter(String(name)) }) as P
  const compiled = build(kysely, parameters).compile()
  const name = `certkeep_${++compiledStatements}`
  return (p) => ({
    name,
    sql: compiled.sql,
    parameters: compiled.parameters.map((value) =>
      value instanceof Parameter ? given(p as Record<string, SqlValue>, value.name) : (value as SqlValue),
    ),
  })
}

/** An engine takes undefined for NULL: a condition on it would miss, or hold for nothing, without a word. */
function given(values: Record<string, SqlValue>, name: string): SqlValue {
  const value = values[name]
  if (value === undefined) throw new Error(`no value for ${name}`)
  return value
}

/** The parts of {@link Database} that do not depend on the engine. */
export function databaseOver(
  engine: Database['engine'],
  kysely: Kysely<Schema>,
  all: (statement: BoundStatement) => Promise<unknown[]>,
  committer: Committer,
): Database {
  return {
    engine,
    commit: (writes) => committer.commit(writes),
    query:
      <P>() =>
      <Row>(build: (q: Kysely<Schema>, p: P) => Compilable<Row>, holds?: Subject<P>): Query<P, Row> => {
        const bind = prepare(kysely, build)
        return {
          all: (p) => all(bind(p)) as Promise<Row[]>,
          first: async (p) => (await all(bind(p)))[0] as Row | undefined,
          guard: (p, otherwise, rows = 1) => {
            const statement: BoundStatement = { ...bind(p), holds: holds?.(p) }
            return { statement, rows, otherwise, guard: true }
          },
        }
      },
    read: <Row>(build: (q: Kysely<Schema>) => Compilable<Row>) => {
      const { sql, parameters } = build(kysely).compile()
      return all({ sql, parameters: parameters as SqlValue[] }) as Promise<Row[]>
    },
    write:
      <P>() =>
      (build: (q: Kysely<Schema>, p: P) => Compilable<unknown>, changes?: Subject<P>): WriteOf<P> => {
        const bind = prepare(kysely, build)
        return (p: P, rows: number | 'any' = 'any', otherwise?: Problem): Write => {
          const statement: BoundStatement = { ...bind(p), changes: changes?.(p) }
          return { statement, rows, otherwise, guard: false }
        }
      },
  }
}

import { sql, type Expression, type SqlBool } from 'kysely'
import { Problem } from '../kernel/index.ts'

/** For a write that can only miss through a bug of ours: the caller hears of nothing but a failure. */
export const otherwiseBug = new Problem(
  'Unavailable',
  'the service cannot do this at the moment: a write did not take place',
)

/** Whether a column holds a part of text, whatever the case of ASCII letters; `%`, `_` and `\` in the part mean themselves. */
export const contains = (column: string, part: string): Expression<SqlBool> => {
  const lower = part.replace(/[A-Z]/g, (letter) => letter.toLowerCase())
  const pattern = `%${lower.replace(/[\\%_]/g, (special) => `\\${special}`)}%`
  return sql<SqlBool>`lower(${sql.ref(column)}) like ${pattern} escape '\\'`
}

/** Names all columns of a table; leaving one out does not compile. */
export const columnsOf =
  <Row>() =>
  <const Names extends readonly (keyof Row & string)[]>(
    ...names: Exclude<keyof Row, Names[number]> extends never ? Names : never
  ): Names =>
    names

/** The parameters of the named columns, each under its own name: for VALUES and SET. */
export const bound = <P, Name extends keyof P>(p: P, names: readonly Name[]): Pick<P, Name> =>
  Object.fromEntries(names.map((name) => [name, p[name]])) as Pick<P, Name>

/** In words that both engines' stand for (see migrate.ts), or what each needs of its own. */
export type MigrationStatement = string | Readonly<Record<'sqlite' | 'postgres', readonly string[]>>

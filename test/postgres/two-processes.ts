import { rm } from 'node:fs/promises'
import pg from 'pg'
import { temporaryFolder, startService, type Service, type ServiceOptions } from '../support/service.ts'
import { aPostgresSchema } from '../../src/storage/postgres-server.fixture.ts'

/** Two processes as a user starts them, on one database and one folder for master key and keyring. */
export interface TwoProcesses extends AsyncDisposable {
  a: Service
  b: Service
  /** The URL of their database. */
  database: string
  /** Asks their database. */
  query(sql: string, values?: unknown[]): Promise<Record<string, unknown>[]>
  /** A further process, which the caller ends. */
  another(options?: ServiceOptions): Promise<Service>
}

export async function twoProcesses(options: ServiceOptions = {}): Promise<TwoProcesses> {
  const schema = await aPostgresSchema()
  const dataFolder = temporaryFolder()
  const another = (own: ServiceOptions = {}) =>
    startService({
      workers: 1,
      ...options,
      dataFolder,
      keep: true,
      ...own,
      environment: { CERTKEEP_DATABASE: schema.url, ...options.environment, ...own.environment },
    })
  const [a, b] = await Promise.all([another(), another()]) // of two first starts at once one makes the instance
  return {
    a,
    b,
    database: schema.url,
    query: async (sql, values = []) => {
      const client = new pg.Client({ connectionString: schema.url })
      await client.connect()
      const { rows } = await client.query<Record<string, unknown>>(sql, values)
      await client.end()
      return rows
    },
    another,
    async [Symbol.asyncDispose]() {
      await Promise.all([a, b].map((service) => service[Symbol.asyncDispose]()))
      await rm(dataFolder, { recursive: true, force: true })
      await schema[Symbol.asyncDispose]()
    },
  }
}

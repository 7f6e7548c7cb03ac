/** A process that opens a database and migrates it at `go` on stdin. Arguments: the file, its time. Says who did it. */
import { once } from 'node:events'
import { migrateSqlite, SqliteWriter } from './index.ts'

const [database = '', time = ''] = process.argv.slice(2)
process.stdout.write('ready\n')
await once(process.stdin, 'data')

const { connection } = new SqliteWriter(database)
migrateSqlite(connection, Number(time))
const { applied_at: appliedAt } = connection.prepare('SELECT applied_at FROM migrations').get()!
process.stdout.write(appliedAt === Number(time) ? 'applied' : 'found')
connection.close()
process.stdin.destroy()

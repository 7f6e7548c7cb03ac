import type { IamStore } from '../iam/index.ts'
import type { Database } from './database.ts'
import { iamReads } from './iam-reads.ts'
import { iamWrites } from './iam-writes.ts'

export const iamStore = (db: Database): IamStore => ({ ...iamReads(db), ...iamWrites(db) })

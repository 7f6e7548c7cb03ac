import { calls } from './rows/calls.ts'
import { crlMillion } from './rows/crl.ts'
import { issuing } from './rows/issuing.ts'
import { lists } from './rows/lists.ts'
import { ocsp } from './rows/ocsp.ts'
import { postgres } from './rows/postgres.ts'
import { preview } from './rows/preview.ts'
import type { Figure } from './rows/row.ts'
import { size } from './rows/size.ts'

/** Rows that are measured together, on the same processes. */
export interface Group {
  name: string
  rows: readonly string[]
  /** Connections, rows in the data and the like: what a reader needs to weigh the figures. */
  setup: string
  measure: () => Promise<Figure[]>
}

/** In the order of bench/RESULTS.md. */
export const groups: readonly Group[] = [
  {
    name: 'issuing',
    rows: ['issue-vs-cfssl-stored', 'issue-vs-cfssl-unstored', 'issue-export-vs-cfssl-stored'],
    setup: '32 connections, 5 s a round; one process of two HTTP threads on SQLite, from an empty inventory',
    measure: issuing,
  },
  {
    name: 'postgres',
    rows: ['issue-postgres-two-vs-cfssl-stored'],
    setup: '16 connections to each of two processes of one HTTP thread; PostgreSQL on the same cores, fsync on',
    measure: postgres,
  },
  {
    name: 'calls',
    rows: ['delete-vs-noop', 'noop-vs-bare-http'],
    setup: '32 connections, 3 s a round (deletions 1 s); one process of two HTTP threads; 48,000 uploaded certificates',
    measure: calls,
  },
  {
    name: 'lists',
    rows: ['list-last-vs-first', 'list-million-vs-thousand', 'search-million'],
    setup: 'one connection; a million certificates; pages of 50; the worst of all cases',
    measure: lists,
  },
  {
    name: 'size',
    rows: ['start-million-vs-empty', 'memory-million-vs-empty'],
    setup: 'a million certificates; memory after 4 s each of issuing, searching and looking up at 32 connections',
    measure: size,
  },
  {
    name: 'crl',
    rows: ['crl-million-time', 'crl-million-memory', 'crl-million-bytes', 'crl-million-issuing-p99'],
    setup: 'a CRL of a million entries while 200 certificates a second are issued',
    measure: crlMillion,
  },
  {
    name: 'ocsp',
    rows: ['ocsp-vs-cfssl-ocspserve'],
    setup: '32 connections, 4 s a round, POST; 100,000 serials in turn, each signed before the run; two HTTP threads',
    measure: ocsp,
  },
  {
    name: 'preview',
    rows: ['preview-million'],
    setup: 'one connection; a CA with a million certificates in the ledger',
    measure: preview,
  },
]

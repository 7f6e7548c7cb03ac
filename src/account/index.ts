export { exportAccount, type ExportedPage } from './export-account.ts'
export { exportAccountKeys } from './export-account-keys.ts'
export type { AccountRows } from './store.ts'

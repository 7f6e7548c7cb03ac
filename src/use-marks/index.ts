export * from './store.ts'
export * from './use-marks.ts'

export { CallMetrics, type CallMeasured, type Snapshot } from './call-metrics.ts'
export { InstanceMetrics, type InstanceReadings } from './instance-metrics.ts'

export { givenFiles } from './given-files.ts'
export { instanceCertificate, type InstanceNeeds } from './instance-certificate.ts'
export { TlsError, type TlsIdentity, type TlsSource } from './source.ts'

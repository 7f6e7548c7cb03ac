export { keyAlgorithms, type KeyAlgorithm, type KeyAlgorithmFacts, type SignatureHash } from './algorithms.ts'
export type { CreateStep, OnStep, ShredStep } from './durable-files.ts'
export { generateExportableKey, KeyGenerationBusy, type ExportableKey } from './key-generation.ts'
export { KeyringError, type KeyringErrorCode } from './keyring-file.ts'
export { createKeyring, Keyring, openKeyring, type DataKey, type KeyringOptions } from './keyring.ts'
export {
  createMasterKey,
  loadMasterKey,
  MasterKeyError,
  parseMasterKey,
  writeMasterKey,
  type LoadedMasterKey,
  type MasterKey,
  type MasterKeySource,
} from './master-key.ts'
export {
  maxPasswordBytes,
  minPasswordCharacters,
  PasswordError,
  Passwords,
  PasswordsBusy,
  type PasswordCost,
  type PasswordsOptions,
} from './passwords.ts'
export { openResponderKey, sealResponderKey, type ResponderKey } from './responder-key.ts'
export { SealedProvider } from './sealed-provider.ts'
export { masterKeyOf, SealError, Sealer, type HashPurpose, type SealingPurpose } from './sealing.ts'
export { newAccessKeyId, newAccessKeySecret, newToken, tokenHash } from './secrets.ts'
export {
  KeyError,
  type GeneratedKey,
  type KeyErrorCode,
  type KeyProvider,
  type KeyReference,
  type Linted,
} from './signer.ts'
export { verifyDestroyed, type Control, type Destruction } from './verify-destroyed.ts'
export type { CaKey, KeyStore } from './store.ts'

// @ts-check
// Who may know whom. A module is a folder of src/; what it lists it may use, and nothing else of ours.
// scripts/check-imports.js runs these rules, and refuses a folder of src/ that is not listed here.

const base = ['kernel', 'x509', 'keys', 'iam', 'audit', 'use-marks']
const core = [...base, 'issuance', 'ca', 'guards', 'certificates', 'revocation', 'end-of-life']
const operations = [
  'account',
  'iam',
  'audit',
  'ca',
  'guards',
  'certificates',
  'revocation',
  'end-of-life',
  'acme',
  'orders',
  'deploy',
]

/** @type {Record<string, string[]>} */
const mayKnow = {
  kernel: [],
  x509: [],
  keystores: ['x509'],
  keys: ['kernel', 'x509'],
  iam: ['kernel', 'x509', 'keys'],
  audit: ['kernel', 'x509'],
  // Who used what lately: told by whoever answers, read by previews and guards.
  'use-marks': ['kernel'],
  issuance: base,
  ca: [...base, 'keystores', 'issuance'],
  guards: [...base, 'issuance', 'ca'],
  certificates: [...base, 'issuance', 'ca'],
  revocation: [...base, 'issuance', 'ca', 'certificates'],
  'end-of-life': [...base, 'issuance', 'ca', 'guards', 'certificates', 'revocation'],
  account: [...base, 'issuance', 'ca', 'certificates', 'revocation'],
  acme: core,
  orders: core,
  deploy: core,
  // These two implement or imitate what the modules declare.
  storage: [...core, 'account', 'acme', 'orders', 'deploy', 'jobs', 'processes', 'notices'],
  emulator: [...core, 'account', 'acme', 'orders', 'deploy', 'jobs'],
  // How several processes on one database agree.
  processes: ['kernel', 'keys', 'iam'],
  // The edges call operations and nothing below them.
  jobs: ['kernel', ...operations],
  api: ['kernel', 'x509', 'keystores', 'use-marks', ...operations],
  // Signed calls over HTTP; of the api the command line knows the table of operations, for their names and inputs.
  client: ['kernel'],
  cli: ['kernel', 'config', 'client', 'api', ...operations],
  config: ['kernel'],
  metrics: [],
  // The only way out of the process.
  outbound: ['kernel'],
  // The certificate of our own listener, and the authority behind it.
  tls: ['kernel', 'x509', 'keys', 'issuance'],
  notices: ['kernel'],
}

/** Of these the api may use types, so that an answer can say what kind of key it shows. */
const typesForApi = ['keys', 'issuance']

/** They tie all modules together, so they may look everywhere; only they and the command line may use them. */
const roots = '^src/[^/]+[.]ts$'
const severity = /** @type {const} */ ('error')
const tests = ['[.](test|fixture)[.]tsx?$', '^test/']
const folder = (/** @type {string} */ name) => `^src/${name}/`

const knowledge = Object.entries(mayKnow).map(([module, known]) => ({
  name: `${module}-knows-too-much`,
  comment: `${module} may use ${known.length > 0 ? known.join(', ') : 'nothing of ours'}.`,
  severity,
  from: { path: folder(module), pathNot: tests },
  to: {
    path: '^src/[^/]+/',
    pathNot: [module, ...known, ...(module === 'api' ? typesForApi : [])].map(folder),
  },
}))

/** @type {{ forbidden: import('dependency-cruiser').IForbiddenRuleType[], options: import('dependency-cruiser').ICruiseOptions }} */
module.exports = {
  forbidden: [
    ...knowledge,
    {
      name: 'api-uses-only-types-of-keys',
      comment: `Of ${typesForApi.join(', ')} the api may use types only (import type).`,
      severity,
      from: { path: folder('api'), pathNot: tests },
      to: { path: typesForApi.map(folder), dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'through-the-index',
      comment:
        "Another module is used through its index.ts; its other files are its own affair. (Storage may take types from a module's store.ts.)",
      severity,
      from: { path: '^src/([^/]+)/', pathNot: [...tests, folder('storage')] },
      to: { path: '^src/[^/]+/', pathNot: [folder('$1'), '^src/[^/]+/index[.]ts$'] },
    },
    {
      name: 'storage-through-index-or-store',
      comment: 'Storage uses a module through its index.ts, or takes types from its store.ts.',
      severity,
      from: { path: folder('storage'), pathNot: tests },
      to: { path: '^src/[^/]+/', pathNot: [folder('storage'), '^src/[^/]+/(index|store)[.]ts$'] },
    },
    {
      name: 'storage-takes-types-of-store',
      comment: 'store.ts declares interfaces; storage implements them and takes types from there (import type).',
      severity,
      from: { path: folder('storage'), pathNot: tests },
      to: { path: '^src/[^/]+/store[.]ts$', pathNot: folder('storage'), dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'roots-are-on-top',
      comment:
        'The files of src/ itself (main.ts, worker.ts, compose.ts …) know all modules, so no module may know them; the command line may start them.',
      severity,
      from: { path: '^src/', pathNot: [...tests, folder('cli'), roots] },
      to: { path: roots },
    },
    {
      name: 'no-cycles',
      comment: 'Files that import each other can only be understood, and loaded, together.',
      severity,
      from: { path: ['^src/', '^console/'], pathNot: tests },
      to: { circular: true },
    },
    {
      name: 'no-test-in-the-product',
      comment: 'Only tests use tests and what helps them.',
      severity,
      from: { path: ['^src/', '^console/'], pathNot: [...tests, '/test-support/'] },
      to: { path: ['[.](test|fixture)[.]tsx?$', '^(test|bench|scripts)/'] },
    },
    {
      name: 'console-apart',
      comment:
        'The console is a program of its own that speaks HTTP: it imports nothing of src/, and src/ nothing of it.',
      severity,
      from: { path: '^(src|console)/' },
      to: { path: '^(src|console)/', pathNot: '^$1/' },
    },
    {
      name: 'not-installed-in-production',
      comment: '`npm start` installs no development packages: the server must do without them.',
      severity,
      from: { path: '^src/', pathNot: tests },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'not-found',
      comment: 'The imported file or package does not exist.',
      severity,
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true, // or `import type` would not be seen
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['node', 'import', 'default', 'types'] },
  },
}

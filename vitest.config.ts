import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    testTimeout: 60_000,
    hookTimeout: 120_000,
    maxWorkers: availableParallelism(),
    projects: [
      {
        // Beside their subjects. They share a thread's modules, which makes them several times faster: so no test may
        // leave something behind in a module, in process.env or in a mock.
        extends: true,
        test: {
          name: 'unit',
          include: ['src/**/*.test.ts', 'console/**/*.test.{ts,tsx}'],
          pool: 'threads',
          isolate: false,
        },
      },
      {
        // They start servers, programs and installations.
        extends: true,
        test: { name: 'system', include: ['{test,bin,scripts}/**/*.test.ts'], pool: 'forks' },
      },
    ],
  },
})

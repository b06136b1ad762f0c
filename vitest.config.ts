import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: {
    alias: [
      { find: /^workflow-agent-host$/, replacement: `${import.meta.dirname}/src/agents/definition.ts` },
      {
        find: /^workflow-agent-host\/activity$/,
        replacement: `${import.meta.dirname}/src/activity-kit/index.ts`,
      },
      {
        find: /^workflow-agent-host\/workflow$/,
        replacement: `${import.meta.dirname}/src/workflow-kit/index.ts`,
      },
    ],
  },
  test: {
    include: ['test/**/*.test.ts'],
    reporters: process.env.CI ? ['default', ['json', { outputFile: '.vitest/report.json' }]] : ['default'],
    // Real servers: two of a kind at once are enough for a small machine.
    maxWorkers: 2,
    // Generous: they start processes, on machines that may be busy with something else. Such a machine may also make one
    // wait of thousands too short, so that a gate asks a second time; what fails twice has failed.
    testTimeout: 120_000,
    retry: process.env.CI ? 1 : 0,
    hookTimeout: 120_000,
    teardownTimeout: 20_000,
  },
});

import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** What starts whole products goes first: the short ones then fill both workers to the end. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isLong = ({ moduleId }: TestSpecification) =>
      /\/test\/(e2e\/|console\/console|readme|chaos)/.test(moduleId);
    const sorted = await super.sort(files);
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}

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
    globalSetup: ['test/support/shared-postgres.ts'],
    sequence: { sequencer: LongestFirst },
    // Generous: they start processes, on machines that may be busy with something else. Such a machine may also make one
    // wait of thousands too short, so that a gate asks a second time; what fails twice has failed.
    testTimeout: 120_000,
    retry: process.env.CI ? 1 : 0,
    hookTimeout: 120_000,
    teardownTimeout: 20_000,
  },
});

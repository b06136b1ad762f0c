/** `npm run chaos -- --seconds 120 --seed 7` */
import { parseArgs } from 'node:util';
import { type ChaosReport, runChaos } from './run.ts';

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '60' }, seed: { type: 'string' } },
});
const seconds = wholeNumber('--seconds', values.seconds);
const seed = values.seed === undefined ? (Date.now() % 100_000) + 1 : wholeNumber('--seed', values.seed);
const began = Date.now();
const tell = (line: string) =>
  process.stdout.write(`${((Date.now() - began) / 1_000).toFixed(1).padStart(6)} s  ${line}\n`);

const report = await runChaos({ seconds, seed, tell });
process.stdout.write(`\n${show(report)}\n`);
process.exitCode = report.problems.length === 0 ? 0 : 1;

function wholeNumber(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new TypeError(`${name}: ${text} is no whole number above 0`);
  return value;
}

function show({ seed, problems, calls, faults, seen, checked, levels, settledMs }: ChaosReport): string {
  const table = (title: string, counts: Map<string, number>) => [
    `${title} (${[...counts.values()].reduce((sum, count) => sum + count, 0)})`,
    ...[...counts].sort().map(([name, count]) => `  ${String(count).padStart(5)}  ${name}`),
  ];
  return [
    ...table('calls', calls),
    ...table('faults', faults),
    ...table('seen by clients on the way', seen),
    'looked at in the end',
    ...[...checked].map(([name, count]) => `  ${String(count).padStart(5)}  ${name}`),
    'held before | after',
    ...levels.map((line) => `  ${line}`),
    `settled ${(settledMs / 1_000).toFixed(1)} s after the last fault`,
    ...problems.map((problem) => `PROBLEM ${problem}`),
    `seed ${seed}: ${problems.length === 0 ? 'clean' : `${problems.length} problems`}`,
  ].join('\n');
}

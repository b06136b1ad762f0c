const LONGEST_MS = 10_000;

/** `metadata.pauseMs`: slows a demonstration or a test down; 0 when absent or no number, ten seconds at most. */
export function pauseOf(metadata: Readonly<Record<string, unknown>>): number {
  const value = metadata.pauseMs;
  return typeof value === 'number' && value > 0 ? Math.min(value, LONGEST_MS) : 0;
}

import { parser } from '@prometheus-io/lezer-promql';

export interface Asked {
  metric: string;
  /** That it is selected or grouped by. */
  labels: string[];
}

// Grafana puts a duration in its place.
const VARIABLE = /\$__\w+/g;

/** What a PromQL expression asks for. @throws SyntaxError when it is none. */
export function askedBy(expression: string): Asked[] {
  const text = expression.replaceAll(VARIABLE, '5m');
  const metrics: string[] = [];
  const labels = new Set<string>();
  parser.parse(text).iterate({
    enter: ({ type, from, to }) => {
      const found = text.slice(from, to);
      if (type.isError) throw new SyntaxError(`no PromQL near ${from}: ${expression}`);
      if (type.name === 'Identifier') metrics.push(found);
      if (type.name === 'LabelName') labels.add(found);
    },
  });
  return metrics.map((metric) => ({ metric, labels: [...labels] }));
}

/** The label names of each series of a scrape, by metric. */
export function seriesOf(scrape: string): Map<string, Set<string>> {
  const series = new Map<string, Set<string>>();
  for (const line of scrape.split('\n')) {
    const [, name, labels = ''] = /^(\w+)(?:\{(.*)\})? \S+$/.exec(line) ?? [];
    if (name === undefined) continue;
    const known = series.get(name) ?? new Set();
    for (const [, label] of labels.matchAll(/(\w+)="/g)) known.add(String(label));
    series.set(name, known);
  }
  return series;
}

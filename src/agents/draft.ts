import { stringify } from 'yaml';

interface Seen {
  workflowType: string;
  taskQueue: string;
  count: number;
  args: number;
  /** Only ever begun by another workflow. */
  child: boolean;
}

/** An `agents.yaml` for workflows that were seen somewhere, to be gone over by who knows what they do. */
export function draftAgentsFile(seen: readonly Seen[]): string {
  const taken = new Set<string>();
  const agents = seen.filter(({ child }) => !child).map((each) => draftOf(each, codeOf(each, taken)));
  const parts = seen.filter(({ child }) => child);
  return `${HEAD}\n${partsOf(parts)}${stringify({ agents }, { lineWidth: 100 })}`;
}

/** Steps of other workflows, which nobody else begins: they are named, and no agents. */
function partsOf(children: readonly Seen[]): string {
  if (children.length === 0) return '';
  const names = children.map(({ workflowType, taskQueue }) => JSON.stringify([workflowType, taskQueue]));
  return `# Left out, as only other workflows were seen to begin them: ${names.join(', ')}\n`;
}

const HEAD = `# A draft. Say of each agent what it does, and how a message becomes its arguments; take out
# what is nobody's to call. Callers find agents by these words.`;

function draftOf({ workflowType, taskQueue, count, args }: Seen, code: string): object {
  const name = wordsOf(workflowType);
  const description = `Runs the workflow ${workflowType}.`;
  return {
    code,
    name,
    description: `${description} Seen ${count === 1 ? 'once' : `${count} times`} on ${taskQueue}.`,
    version: '1.0.0',
    skills: [{ id: code, name, description, tags: [taskQueue] }],
    plain: { workflowType, taskQueue, ...(args === 1 ? {} : { args: argsOf(args) }) },
  };
}

/** Of several arguments, the fields of the message's data; of one, the message itself. */
const argsOf = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => `$.data.arg${index + 1}`);

function wordsOf(workflowType: string): string {
  const words = workflowType
    .replace(/([a-z\d])([A-Z])/g, '$1 $2')
    .replace(/[^A-Za-z\d]+/g, ' ')
    .trim()
    .toLowerCase();
  return words === '' ? workflowType : `${words[0]?.toUpperCase()}${words.slice(1)}`;
}

/** The type's words; with the task queue's where another one has them. */
function codeOf({ workflowType, taskQueue }: Seen, taken: Set<string>): string {
  const kebab = (text: string) =>
    wordsOf(text)
      .toLowerCase()
      .replace(/[^a-z\d]+/g, '-')
      .replace(/^-+|-+$/g, '');
  const base = (kebab(workflowType) || 'workflow').slice(0, 50);
  const withQueue = `${base}-${kebab(taskQueue)}`.slice(0, 58).replace(/-+$/, '');
  const free = [base, withQueue].find((code) => !taken.has(code)) ?? `${withQueue}-${taken.size}`;
  taken.add(free);
  return free;
}

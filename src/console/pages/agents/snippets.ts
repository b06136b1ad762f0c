/** The calls of an agent as they are pasted into a shell or a program. Pure. */

export interface SnippetOptions {
  /** The host's base URL, without a slash at its end. */
  host: string;
  code: string;
  /** Whether the host asks who calls. */
  guarded: boolean;
  /** What a first message to the agent could say. */
  example: string;
  /** Where policy lets it be called from, when not from anywhere. */
  region?: string | undefined;
  /** Whether policy asks for a person's approval of each call. */
  risky?: boolean;
}

export type Language = 'curl' | 'cli' | 'typescript';

export interface Snippet {
  id: 'find' | 'card' | 'send' | 'stream' | 'answer' | 'get' | 'list' | 'cancel' | 'gateway';
  text: Record<Language, string>;
}

const shellQuoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
const quoted = (text: string): string => JSON.stringify(text);

/** Every call, each in every language that has it. */
export function snippets(options: SnippetOptions): Snippet[] {
  const { host, code, example } = options;
  const agent = `${host}/orchestrator/a2a/v1/${code}`;
  const task = '"id": "TASK_ID"';
  const message = (text: string, more = '') =>
    `{"messageId": "m-'$(date +%s)-$RANDOM'", "role": "ROLE_USER", "parts": [{"text": ${escapedForShell(text)}}]${more}}`;
  const rpc = (method: string, params: string) =>
    curl(options, agent, `{"jsonrpc": "2.0", "id": 1, "method": "${method}", "params": {\n    ${params}}}`);
  const program = (lines: string) => typescript(options, lines);
  return [
    {
      id: 'find',
      text: {
        curl: curl(
          options,
          `${host}/orchestrator/a2a/v1/agents/search`,
          `{"query": ${escapedForShell(code)}}`,
          false,
        ),
        cli: cli(options, `agents ${shellQuoted(code)}`),
        typescript: posted(options, `/orchestrator/a2a/v1/agents/search`, [`query: ${quoted(code)}`]),
      },
    },
    {
      id: 'card',
      text: {
        curl: `curl -s ${agent}/.well-known/agent-card.json${key(options)}`,
        cli: cli(options, `card ${code}`),
        typescript: program('const card = await agent.getAgentCard();\nconsole.log(card.skills);'),
      },
    },
    {
      id: 'send',
      text: {
        curl: rpc('SendMessage', `"message": ${message(example)}`),
        cli: cli(options, `send ${code} ${shellQuoted(example)}`),
        typescript: program(
          `const answer = await agent.sendMessage(messageOf(${quoted(example)}));\nconsole.log(answer);`,
        ),
      },
    },
    {
      id: 'stream',
      text: {
        curl: rpc('SendStreamingMessage', `"message": ${message(example)}`).replace('curl -s', 'curl -sN'),
        cli: cli(options, `send --stream ${code} ${shellQuoted(example)}`),
        typescript: program(
          `for await (const event of agent.sendMessageStream(messageOf(${quoted(example)}))) {\n  console.log(event.payload);\n}`,
        ),
      },
    },
    {
      id: 'answer',
      text: {
        curl: rpc('SendMessage', `"message": ${message('yes', ', "taskId": "TASK_ID"')}`),
        cli: cli(options, `send --task TASK_ID ${code} 'yes'`),
        typescript: program(
          `const answer = await agent.sendMessage(messageOf('yes', { taskId: 'TASK_ID' }));\nconsole.log(answer);`,
        ),
      },
    },
    {
      id: 'get',
      text: {
        curl: rpc('GetTask', task),
        cli: cli(options, 'task TASK_ID'),
        typescript: program(
          `const task = await agent.getTask({ tenant: '', id: 'TASK_ID' });\nconsole.log(task.status);`,
        ),
      },
    },
    {
      id: 'list',
      text: {
        curl: rpc('ListTasks', '"pageSize": 20'),
        cli: cli(options, `tasks ${code}`),
        typescript: program(
          "const { tasks } = await agent.listTasks({ tenant: '', contextId: '', status: 0, pageSize: 20, pageToken: '', statusTimestampAfter: undefined });\nconsole.log(tasks);",
        ),
      },
    },
    {
      id: 'cancel',
      text: {
        curl: rpc('CancelTask', task),
        cli: cli(options, 'cancel TASK_ID'),
        typescript: program(
          `const task = await agent.cancelTask({ tenant: '', id: 'TASK_ID', metadata: undefined });\nconsole.log(task.status);`,
        ),
      },
    },
    gatewaySnippet(options),
  ];
}

/** The one call of an agent elsewhere, with what policy asks for. */
export function gatewaySnippet(options: SnippetOptions): Snippet {
  const { host, code, example, region, risky = false } = options;
  const path = `/v1/agents/${code}/invoke`;
  const asked = region === undefined ? '' : `, "region": "${region}"`;
  const body = `{"message": ${escapedForShell(example)}${asked}${risky ? ', "confirm_risky": true' : ''}}`;
  const flags = `${region === undefined ? '' : ` --region ${region}`}${risky ? ' --confirm-risky' : ''}`;
  return {
    id: 'gateway',
    text: {
      curl: curl(options, `${host}${path}`, body, false),
      cli: cli(options, `invoke ${code} ${shellQuoted(example)}${flags}`),
      typescript: posted(options, path, [
        `message: ${quoted(example)}`,
        ...(region === undefined ? [] : [`region: '${region}'`]),
        ...(risky ? ['confirm_risky: true'] : []),
      ]),
    },
  };
}

/** A JSON string within single quotes of a shell. */
const escapedForShell = (text: string): string => quoted(text).replaceAll("'", "'\\''");

const key = ({ guarded }: SnippetOptions): string =>
  guarded ? ' \\\n  -H "x-api-key: $AGENT_HOST_API_KEY"' : '';

function curl(options: SnippetOptions, url: string, body: string, a2a = true): string {
  const version = a2a ? " -H 'A2A-Version: 1.0'" : '';
  return `curl -s ${url}${key(options)} \\\n  -H 'Content-Type: application/json'${version} \\\n  -d '${body}'`;
}

function cli({ host, guarded }: SnippetOptions, command: string): string {
  // Where the key is missing, it says so; where there is one, it stays.
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the shell's.
  const ready = guarded ? ': "${AGENT_HOST_API_KEY:?must be your API key}"\n' : '';
  return `${ready}agent-host --url ${host} ${command}`;
}

function typescript({ host, code, guarded }: SnippetOptions, lines: string): string {
  const apiKey = guarded ? ', apiKey: process.env.AGENT_HOST_API_KEY ?? ""' : '';
  const imports = lines.includes('messageOf') ? 'connectAgent, messageOf' : 'connectAgent';
  return `import { ${imports} } from 'workflow-agent-host/client';\n\nconst agent = await connectAgent({ url: '${host}'${apiKey.replaceAll('"', "'")} }, '${code}');\n${lines}`;
}

/** What the protocol's client has no call for. */
function posted({ host, guarded }: SnippetOptions, path: string, fields: string[]): string {
  const apiKey = guarded ? ", 'x-api-key': process.env.AGENT_HOST_API_KEY ?? ''" : '';
  return `const answer = await fetch('${host}${path}', {
  method: 'POST',
  headers: { 'content-type': 'application/json'${apiKey} },
  body: JSON.stringify({ ${fields.join(', ')} }),
});
console.log(await answer.json());`;
}

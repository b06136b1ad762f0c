import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';

export interface McpCaller {
  /** Each request goes to the next of them, whatever the one before was. */
  hosts: string[];
  key?: string;
  /** What its user says to a question; null to decline it. It cannot ask when absent. */
  answer?: (question: string) => string | null;
  /** Told of the tools whenever the host says that they are others. */
  toolsChanged?: (names: string[]) => void;
  version: 'newest' | 'older';
}

/** The official client, connected. */
export async function mcpClient({ hosts, key, answer, toolsChanged, version }: McpCaller): Promise<Client> {
  const client = new Client(
    { name: 'test', version: '1.0.0' },
    {
      capabilities: answer ? { elicitation: { form: {} } } : {},
      ...(toolsChanged && {
        listChanged: {
          tools: {
            debounceMs: 10,
            onChanged: (_error, tools) => toolsChanged((tools ?? []).map(({ name }) => name)),
          },
        },
      }),
      versionNegotiation: { mode: version === 'newest' ? { pin: '2026-07-28' } : 'legacy' },
    },
  );
  if (answer) {
    client.setRequestHandler('elicitation/create', async ({ params }) => {
      const said = answer(params.message);
      return said === null ? { action: 'decline' } : { action: 'accept', content: { answer: said } };
    });
  }
  let made = 0;
  const spread: typeof fetch = (url, init) => {
    const { pathname } = new URL(String(url));
    return fetch(`${hosts[made++ % hosts.length]}${pathname}`, init);
  };
  const headers: Record<string, string> = key === undefined ? {} : { authorization: `Bearer ${key}` };
  const transport = new StreamableHTTPClientTransport(new URL(`${hosts[0]}/mcp`), {
    fetch: spread,
    requestInit: { headers },
  });
  await client.connect(transport);
  return client;
}

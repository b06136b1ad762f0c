import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { GatewayClient } from '../../support/gateway.ts';
import { startRemoteAgent } from '../../support/remote-agent.ts';
import { agentUrl, call, userMessage } from '../../support/rpc.ts';
import { OVERFLOW, type Place, visit } from '../place.ts';

/** One pixel. */
const PNG =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

const LONG = 'Donaudampfschiff'.repeat(25);

async function send(page: Page, words: string): Promise<void> {
  await page.getByLabel('What you want').fill(words);
  await page.getByRole('button', { name: 'Send' }).click();
}

const taskIdIn = (page: Page): string => /task=([\w-]+)/.exec(page.url())?.[1] ?? '';

/** Agents called from the page, their tasks watched there. */
export function tryIt(at: () => Place): void {
  it('shows what an agent makes, each kind as it is best read, and nothing that could do harm', () =>
    visit(at(), '#/agents/document-digest?tab=try', async (page) => {
      await send(page, '# Budget <img src=x onerror="window.harmed=1">\nThe budget was talked about.');
      await page.getByText('Completed', { exact: true }).waitFor();
      const outline = page.getByRole('region', { name: 'outline', exact: true });
      await outline.getByRole('listitem').getByText('Budget').waitFor();
      await page
        .getByRole('region', { name: 'keywords' })
        .first()
        .getByRole('cell', { name: 'budget' })
        .waitFor();
      await page.getByRole('region', { name: 'word-counts' }).getByText('sections').first().waitFor();
      expect(await outline.locator('[onerror]').count()).toBe(0);
      expect(await page.evaluate('window.harmed')).toBeUndefined();
    }));

  it('asks where the task asks, and finds it again when one comes back', async () => {
    let address = '';
    await visit(at(), '#/agents/expense-approval?tab=try', async (page) => {
      // What the schema wants is asked for before anything is sent.
      await page.getByRole('button', { name: 'Send' }).click();
      await page.locator('[aria-invalid=true]:focus').waitFor();
      expect(await page.locator('[aria-invalid=true]').count()).toBe(3);
      expect(await page.getByText('This is needed').count()).toBe(3);
      await page.getByLabel('Amount').fill('1200');
      await page.getByLabel('Currency').fill('USD');
      await page.getByLabel('Purpose').fill('Conference ticket');
      await page.getByRole('button', { name: 'Send' }).click();
      await page.getByRole('form', { name: 'Question' }).getByText('Do you approve it?').waitFor();
      address = new URL(page.url()).hash;
    });
    await visit(at(), address, async (page) => {
      await page.getByRole('form', { name: 'Question' }).getByText('Do you approve it?').waitFor();
      const { url } = at().product;
      // Somebody else's question is a change like any other: the page hears of it by itself.
      await page.getByText('Live', { exact: true }).waitFor();
      await page.getByPlaceholder('Your answer').fill('perhaps');
      await page.keyboard.press('Enter');
      await page.getByRole('form', { name: 'Question' }).getByText('I could not take that').waitFor();
      await page.locator('#answer:focus').waitFor();
      const answer = userMessage('yes', { taskId: taskIdIn(page) });
      await call(agentUrl(url, 'expense-approval'), 'SendMessage', { message: answer }, { version: '1.0' });
      await page.getByText('Completed', { exact: true }).waitFor();
      await page.getByText('approved', { exact: false }).first().waitFor();
    });
  });

  it('takes files, and gives them back', () =>
    visit(at(), '#/agents/echo?tab=try', async (page) => {
      await page.getByLabel('Drop files here, or').setInputFiles([
        { name: 'dot.png', mimeType: 'image/png', buffer: Buffer.from(PNG, 'base64') },
        { name: 'prices.bin', mimeType: 'application/octet-stream', buffer: Buffer.alloc(100_000, 7) },
      ]);
      await page.getByText('98 KB').waitFor();
      await send(page, 'these');
      await page.getByText('Completed', { exact: true }).waitFor();
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        page.getByRole('button', { name: 'Download prices.bin' }).first().click(),
      ]);
      expect(download.suggestedFilename()).toBe('prices.bin');
      expect(await readFile(await download.path())).toEqual(Buffer.alloc(100_000, 7));
    }));

  it('shows pictures, and words of any length', () =>
    visit(at(), '#/agents', async (page) => {
      const task = {
        id: 'a-task',
        contextId: 'a-context',
        status: { state: 'TASK_STATE_COMPLETED' },
        artifacts: [
          {
            artifactId: 'm',
            name: LONG,
            parts: [{ text: `# ${LONG}\n${LONG}`, mediaType: 'text/markdown' }],
          },
          { artifactId: 'f', description: LONG, parts: [{ raw: PNG, mediaType: LONG, filename: LONG }] },
          { artifactId: 'p', parts: [{ raw: PNG, mediaType: 'image/png', filename: 'dot.png' }] },
          { artifactId: 'c', parts: [{ text: 'city,price\nRome,3', mediaType: 'text/csv' }] },
        ],
      };
      await page.route('**/orchestrator/a2a/v1/echo', async (route) => {
        const { id, method } = route.request().postDataJSON();
        if (method === 'GetTask') await route.fulfill({ json: { jsonrpc: '2.0', id, result: task } });
        else await route.abort();
      });
      await page.goto(`${at().product.url}/#/agents/echo?tab=try&task=a-task`);
      const picture = page.getByRole('img', { name: 'dot.png' });
      await picture.waitFor();
      const decoded = "document.querySelector('img.picture').decode().then(() => 'shown')";
      expect(await page.evaluate(decoded)).toBe('shown');
      await page.getByRole('cell', { name: 'Rome' }).waitFor();
      await page.locator('.markdown h1').waitFor();
      for (const width of [1280, 390]) {
        await page.setViewportSize({ width, height: 800 });
        expect(await page.evaluate(OVERFLOW)).toBe(0);
      }
    }));

  it('goes on when a host that starts answers, and shows what can be shown of what it says', () =>
    visit(at(), '#/agents', async (page) => {
      const task = {
        id: 'a-task',
        contextId: 'a-context',
        status: { state: 'TASK_STATE_COMPLETED' },
        artifacts: [{ artifactId: 'p', parts: [{ url: 'http://' }, { text: 'the rest' }] }],
      };
      let starting = true;
      await page.route('**/orchestrator/a2a/v1/echo', async (route) => {
        const { id } = route.request().postDataJSON();
        if (starting) {
          const headers = { 'Retry-After': '60' };
          await route.fulfill({ status: 503, headers, json: { message: 'The host is starting' } });
        } else await route.fulfill({ json: { jsonrpc: '2.0', id, result: task } });
      });
      await page.goto(`${at().product.url}/#/agents/echo?tab=try&task=a-task`);
      await page.getByText('The host is starting').waitFor();
      await page.getByText('It is tried again in 60 s.').waitFor();
      starting = false;
      await page.getByRole('button', { name: 'Try again' }).click();
      await page.getByText('the rest').waitFor();
      await page.getByText('http://', { exact: true }).waitFor();
    }));

  it('has a step in the history for each task, and leaves whoever went elsewhere there', () =>
    visit(at(), '#/agents/echo?tab=try', async (page) => {
      await send(page, 'the first');
      await page.getByText('the first', { exact: true }).first().waitFor();
      const first = taskIdIn(page);
      await send(page, 'the second');
      await page.getByText('the second', { exact: true }).first().waitFor();
      expect(taskIdIn(page)).not.toBe(first);
      await page.goBack();
      await page.waitForURL(`**task=${first}`);
      let answer = () => {};
      const held = new Promise<void>((resolve) => {
        answer = resolve;
      });
      await page.route('**/orchestrator/a2a/v1/echo', async (route) => {
        await held;
        await route.continue();
      });
      const sent = page.waitForRequest('**/orchestrator/a2a/v1/echo');
      await send(page, 'the third');
      await sent;
      await page.getByRole('link', { name: 'All agents' }).press('Enter');
      await page.getByRole('heading', { level: 1, name: 'Agents' }).waitFor();
      expect(await page.evaluate('document.activeElement.id')).toBe('content');
      const answered = page.waitForResponse('**/orchestrator/a2a/v1/echo');
      answer();
      await answered;
      await page.getByRole('link', { name: 'Expense approval' }).press('Enter');
      await page.getByRole('heading', { level: 1, name: 'Expense approval' }).waitFor();
      expect(await page.title()).toBe('expense-approval · Agents · Agent host');
      expect(page.url()).not.toContain('task=');
    }));

  it('asks for whatever a schema can say, and sends what the schema takes', () =>
    visit(at(), '#/agents', async (page) => {
      const node = {
        type: 'object',
        properties: { name: { type: 'string' }, child: { $ref: '#/$defs/node' } },
      };
      const schema = {
        type: 'object',
        required: ['order', 'gift', 'note', 'tags'],
        properties: {
          order: { type: 'string', pattern: '^ORD-' },
          gift: { type: 'boolean' },
          note: { type: ['string', 'null'] },
          tags: { type: 'array', minItems: 1, items: { type: 'string' } },
          currency: { type: 'string', default: 'EUR' },
          extra: { description: 'Anything' },
          node: { $ref: '#/$defs/node' },
        },
        $defs: { node },
      };
      await page.route('**/echo/.well-known/agent-card.json', async (route) => {
        const response = await route.fetch();
        const card = await response.json();
        const uri = 'https://workflow-agent-host.dev/extensions/input-schema/v1';
        card.capabilities.extensions = [{ uri, params: { schema } }];
        await route.fulfill({ response, json: card });
      });
      await page.goto(`${at().product.url}/#/agents/echo?tab=try`);
      await page.getByLabel('Order').fill('7');
      await page.getByLabel('None (null)').check();
      await page.getByRole('button', { name: 'Send' }).click();
      await page.getByText('This does not match ^ORD-').waitFor();
      await page.getByLabel('Order').fill('ORD-7');
      await page.getByText('At least 1', { exact: true }).waitFor();
      expect(await page.getByText('This does not match').count()).toBe(0);
      await page.getByRole('button', { name: 'Add', exact: true }).click();
      await page.getByLabel('Entry 1').fill('blue');
      await page.getByLabel('Extra').fill('{"a":1}');
      await page.getByText('Words', { exact: true }).click();
      await page.getByText('Form', { exact: true }).click();
      expect(JSON.parse(await page.getByLabel('Extra').inputValue())).toEqual({ a: 1 });
      await page.getByRole('button', { name: 'Add Child' }).click();
      await page.getByLabel('Name').nth(1).fill('leaf');
      const sent = page.waitForRequest('**/orchestrator/a2a/v1/echo');
      await page.getByRole('button', { name: 'Send' }).click();
      expect((await sent).postDataJSON().params.message.parts[0].data).toEqual({
        order: 'ORD-7',
        gift: false,
        note: null,
        tags: ['blue'],
        currency: 'EUR',
        extra: { a: 1 },
        node: { child: { name: 'leaf' } },
      });
    }));

  it('cancels', () =>
    visit(at(), '#/agents/order-refund?tab=try', async (page) => {
      await page.getByText('Words').click();
      await send(page, 'I want my money back');
      await page.getByText('Input required').waitFor();
      await page.getByRole('button', { name: 'Cancel the task' }).click();
      await page.getByText('Canceled', { exact: true }).waitFor();
      expect(await page.getByRole('button', { name: 'Cancel the task' }).count()).toBe(0);
    }));

  it('calls agents elsewhere through the gateway', async () => {
    const gateway = new GatewayClient(at().product.url);
    const remote = await startRemoteAgent();
    try {
      const card = { agent_id: 'remote', card_url: remote.cardUrl, allow_private: true };
      expect((await gateway.post('/agents', card)).status).toBe(201);
      let address = '';
      await visit(at(), '#/agents/remote?tab=try', async (page) => {
        await page.getByText('called through the gateway').waitFor();
        await send(page, 'ask');
        await page.getByRole('form', { name: 'Question' }).getByText('Which one?').waitFor();
        address = new URL(page.url()).hash;
      });
      await visit(at(), address, async (page) => {
        await page.getByPlaceholder('Your answer').fill('the red one');
        await page.keyboard.press('Enter');
        await page.getByText('Completed', { exact: true }).waitFor();
        await page.getByRole('region', { name: 'output' }).getByText('the red one').waitFor();
        await send(page, 'reply');
        await page.getByRole('region', { name: 'Reply' }).getByText('hello').waitFor();
      });
    } finally {
      await fetch(`${at().product.url}/v1/agents/remote`, { method: 'DELETE' });
      await remote.close();
    }
  });

  it('says when there is no such task', () =>
    visit(at(), '#/agents/echo?tab=try&task=00000000-0000-4000-8000-000000000000', async (page) => {
      await page.getByRole('alert').waitFor();
    }));
}

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { type Place, visit } from '../place.ts';

const run = promisify(execFile);

/** What is published: found, looked at, called from elsewhere. */
export function agents(at: () => Place): void {
  it('are cards that say what they can do, how risky they are, and whether their signature holds', () =>
    visit(at(), '#/agents', async (page) => {
      const card = page
        .getByRole('listitem')
        .filter({ has: page.getByRole('heading', { name: 'Order refund' }) });
      await card.getByText('Signature valid').waitFor();
      for (const said of [
        'Refund an order',
        'High risk',
        'application/json',
        'No credential needed',
        'Active',
      ]) {
        expect(await card.getByText(said).count()).toBeGreaterThan(0);
      }
    }));

  it('are found as one types, and the search is in the address', () =>
    visit(at(), '#/agents', async (page) => {
      await page.getByRole('searchbox', { name: 'Search the agents' }).fill('reimbursment');
      await page.waitForURL('**/#/agents?q=reimbursment');
      await page.getByText('1 agent', { exact: true }).waitFor();
      expect(await page.getByRole('heading', { level: 2 }).allTextContents()).toEqual(['Expense approval']);
      await page.getByRole('searchbox').fill('xyzzy');
      await page.getByRole('heading', { name: 'No agent matches' }).waitFor();
    }));

  it('are searched for by what was typed, however fast the answers come', () =>
    visit(at(), '#/agents', async (page) => {
      await page.route('**/agents/search', async (route) => {
        await new Promise((resolve) => setTimeout(resolve, 250));
        await route.continue().catch(() => undefined);
      });
      const field = page.getByRole('searchbox');
      // As people type: each letter about when the pause before it has passed.
      await field.pressSequentially('document', { delay: 165 });
      await page.waitForURL('**/#/agents?q=document');
      expect(await field.inputValue()).toBe('document');
      await page.getByRole('heading', { level: 2, name: 'Document digest' }).waitFor();
    }));

  it('of another key are not shown as signed', () =>
    visit(at(), '', async (page) => {
      await page.route('**/.well-known/jwks.json', (route) => route.fulfill({ json: { keys: [] } }));
      await page.goto(`${at().product.url}/#/agents/echo`);
      await page.getByRole('heading', { level: 1, name: 'Echo' }).waitFor();
      await page.getByText('Signature not valid').waitFor();
      await page.getByText('The host publishes no key').waitFor();
    }));

  it('have a page each, with their card as it is served', () =>
    visit(at(), '#/agents', async (page) => {
      await page.getByRole('link', { name: 'Expense approval' }).click();
      await page.getByRole('heading', { level: 1, name: 'Expense approval' }).waitFor();
      await page.getByText('AU, DE, NZ').waitFor();
      await page.getByText('Answers').nth(2).waitFor();
      await page.getByRole('tab', { name: 'Overview' }).press('ArrowLeft');
      await page.waitForURL('**/#/agents/expense-approval?tab=card');
      await page.getByText('supportedInterfaces').first().waitFor();
    }));

  it('are called by what is copied from their page', () =>
    visit(
      at(),
      '#/agents/echo?tab=calls',
      async (page) => {
        const ran: Record<string, string> = {};
        for (const call of [
          'Find it',
          'Read its card',
          'Send a message',
          'List tasks',
          'Call through the gateway',
        ]) {
          const section = page.locator('section').filter({ has: page.getByRole('heading', { name: call }) });
          await section.getByRole('button', { name: 'Copy' }).click();
          await section.getByText('Copied').waitFor();
          const command = await page.evaluate<string>('navigator.clipboard.readText()');
          ran[call] = (await run('bash', ['-c', command])).stdout;
        }
        expect(JSON.parse(ran['Find it'] ?? '').resources[0].id).toBe('echo');
        expect(JSON.parse(ran['Read its card'] ?? '').name).toBe('Echo');
        expect(ran['Send a message']).toMatch(/TASK_STATE_COMPLETED.*Hello there/);
        expect(JSON.parse(ran['List tasks'] ?? '').result.tasks).not.toEqual([]);
        expect(JSON.parse(ran['Call through the gateway'] ?? '').status).toBe('completed');
        const copied = async (language: string, call: string) => {
          await page.getByText(language, { exact: true }).click();
          const section = page.locator('section').filter({ has: page.getByRole('heading', { name: call }) });
          return (await section.locator('pre').textContent()) ?? '';
        };
        const shell = 'agent-host() { node dist/main.js "$@"; };';
        const program = ['--input-type=module', '-e'];
        const [sent, found, listed, called] = await Promise.all([
          run('bash', ['-c', `${shell} ${await copied('CLI', 'List tasks')}`]),
          run('node', [...program, await copied('TypeScript', 'Find it')]),
          run('node', [...program, await copied('TypeScript', 'List tasks')]),
          // What policy asks for goes with the call.
          page
            .goto(`${at().product.url}/#/agents/order-refund?tab=calls`)
            .then(() => page.getByRole('heading', { level: 1, name: 'Order refund' }).waitFor())
            .then(() => copied('CLI', 'Call through the gateway'))
            .then((command) => run('bash', ['-c', `${shell} ${command} || echo "exit $?"`])),
        ]);
        expect(sent.stdout).toMatch(/TASK +STATUS\n[\da-f-]{36} {2}completed/);
        expect(found.stdout).toContain("id: 'echo'");
        expect(listed.stdout).toContain("contextId: '");
        expect(called.stdout).toMatch(/input-required: .*receipt [\da-f-]{36}\nexit 3/s);
      },
      { permissions: ['clipboard-read', 'clipboard-write'] },
    ));

  it('that are not there say so', () =>
    visit(at(), '#/agents/nobody', async (page) => {
      await page.getByRole('heading', { name: 'There is no such agent' }).waitFor();
    }));
}

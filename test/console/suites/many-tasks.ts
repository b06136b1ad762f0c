import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { type Place, visit } from '../place.ts';

const COUNT = 10_000;

/** Answers for the host, in the page itself: 10,000 tasks, and so many changes in each event, ten events a second. */
const manyTasks = (changes: number): string => `
  const states = ['working', 'input-required', 'completed', 'failed'];
  const taskAt = (at, version) => ({
    task_id: String(at).padStart(8, '0') + '-0000-4000-8000-000000000000', agent_id: 'echo', context_id: 'c', caller: 'local',
    status: states[(at + version) % 4], message: 'change ' + version, version,
    created_at: new Date(1767225600000 - at * 1000).toISOString(), status_at: new Date(1767225600000).toISOString(),
  });
  const json = (value) => new Response(JSON.stringify(value), { headers: { 'content-type': 'application/json' } });
  const own = window.fetch;
  window.fetch = async (asked) => {
    const url = new URL(asked.url);
    if (url.pathname === '/v1/tasks/events') {
      let version = 1;
      const events = new ReadableStream({ start(control) {
        const tell = () => {
          version += 1;
          const tasks = Array.from({ length: ${changes} }, (_, at) => taskAt(at, version));
          control.enqueue(new TextEncoder().encode('data: ' + JSON.stringify({ tasks, missed: false }) + '\\n\\n'));
          window.told = version;
        };
        if (${changes} > 0) setInterval(tell, 100);
      } });
      return new Response(events);
    }
    if (url.pathname !== '/v1/tasks') return own(asked);
    const from = Number(url.searchParams.get('cursor') ?? 0);
    const to = Math.min(${COUNT}, from + Number(url.searchParams.get('limit')));
    const tasks = Array.from({ length: to - from }, (_, at) => taskAt(from + at, 1));
    return json({ tasks, total: ${COUNT}, next_cursor: to < ${COUNT} ? String(to) : null });
  };`;

const gridOf = (page: Page) => page.getByRole('grid', { name: 'Tasks' });

/** Far more tasks than a page can hold. */
export function manyTasksInTheList(at: () => Place): void {
  it('goes through 10,000 tasks with few of them in the page', () =>
    visit(at(), '', async (page) => {
      await page.addInitScript(manyTasks(0));
      await page.goto(`${at().product.url}/#/tasks`);
      await page.reload();
      await page.getByText('10,000 tasks').waitFor();
      const grid = gridOf(page);
      await grid.focus();
      for (let rows = 0; rows < COUNT; rows = Number(await grid.getAttribute('aria-rowcount')) - 1) {
        await grid.press('End');
        expect(await grid.getByRole('row').count()).toBeLessThan(60);
      }
      await grid.press('End');
      await grid.getByText('00009999').waitFor();
    }));

  it.runIf(process.env.FULL)('goes on drawing and answering while 500 tasks a second change', () =>
    visit(at(), '', async (page) => {
      await page.addInitScript(manyTasks(50));
      await page.goto(`${at().product.url}/#/tasks`);
      await page.reload();
      await gridOf(page)
        .getByText(/^change \d\d/)
        .first()
        .waitFor();
      const drawn = (await page.evaluate(`new Promise((resolve) => {
        const until = window.told + 30;
        let frames = 0;
        const frame = () => { frames += 1; window.told >= until ? resolve(frames) : requestAnimationFrame(frame); };
        frame();
      })`)) as number;
      // At least one for each event: nothing piles up.
      expect(drawn).toBeGreaterThan(30);
      await page.getByLabel('Status').selectOption('Failed');
      await gridOf(page).getByText('Failed').first().waitFor();
    }),
  );
}

/** What the shipped agents' review profiles make of calls through the gateway, and what is measured of it. */
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parse } from 'yaml';
import { freePort } from '../../src/embedded/free-port.ts';
import { GatewayClient } from '../support/gateway.ts';
import { killAllProducts, startProduct, temporaryDataDir } from '../support/product.ts';
import { askedBy, seriesOf } from '../support/promql.ts';
import type { Wire } from '../support/rpc.ts';

const data = await temporaryDataDir();
const monitor = `127.0.0.1:${await freePort()}`;
let client: GatewayClient;

beforeAll(async () => {
  const { url } = await startProduct({
    DATA_DIR: data.path,
    GATEWAY_MAX_COST_UNITS: '4',
    METRICS_ADDRESS: monitor,
  });
  client = new GatewayClient(url);
});

afterAll(async () => {
  await killAllProducts();
  await data.remove();
});

const CASES: [string, Wire, string | undefined][] = [
  ['echo', { message: 'x' }, undefined],
  ['echo', { message: 'x', region: 'US', max_cost_units: 0 }, undefined],
  ['document-digest', { message: 'x', max_cost_units: 2 }, undefined],
  ['document-digest', { message: 'x', max_cost_units: 1 }, 'cost_limit_exceeded'],
  // Above what the host allows, whatever its caller would pay.
  ['trip-planner', { message: 'x', max_cost_units: 100 }, 'cost_limit_exceeded'],
  ['expense-approval', { message: '10 EUR taxi', region: 'AU' }, undefined],
  ['expense-approval', { message: '10 EUR taxi', region: 'de' }, undefined],
  ['expense-approval', { message: '10 EUR taxi' }, 'region_not_allowed'],
  ['expense-approval', { message: '10 EUR taxi', region: 'US' }, 'region_not_allowed'],
  ['order-refund', { message: 'I want my money back', confirm_risky: true }, undefined],
  ['order-refund', { message: 'I want my money back' }, 'approval_required'],
  ['order-refund', { message: 'I want my money back', confirm_risky: false }, 'approval_required'],
];

it.each(CASES)('%s %j: %s', async (agent, body, code) => {
  const check = await client.post(`/agents/${agent}/check`, body);
  expect(check.status).toBe(200);
  expect(check.body).toMatchObject({ agent_id: agent, provider_id: 'local', allowed: code === undefined });
  expect(check.body.error?.code).toBe(code);

  for (const path of ['invoke', 'invoke-async']) {
    const before = await client.count(`&agent_id=${agent}`);
    const answer = await client.post(`/agents/${agent}/${path}`, body);
    expect(await client.count(`&agent_id=${agent}`)).toBe(before + 1);
    const { receipt, stderr } = await client.receipt(answer.body.receipt_id);
    expect(receipt.policy).toEqual(check.body.policy);
    expect(receipt.cost_units).toBe(check.body.cost_units);
    if (code === undefined) {
      expect(answer.status).toBe(200);
      continue;
    }
    const { message } = check.body.error;
    expect(answer).toMatchObject({
      status: 403,
      body: { error: { code, message }, receipt_id: receipt.receipt_id },
    });
    expect({ status: receipt.status, stderr }).toEqual({ status: 'rejected', stderr: `${code}: ${message}` });
    expect(receipt.signature).toBeDefined();
  }
});

it('a check leaves no receipt', async () => {
  const before = await client.count();
  await client.post('/agents/order-refund/check', { message: 'x' });
  expect(await client.count()).toBe(before);
});

it('a risky call is verified, a harmless one need not be', async () => {
  const risky = await client.invoke('expense-approval', { message: '12 EUR taxi', region: 'DE' });
  const { receipt } = await client.receipt(risky.body.receipt_id);
  expect(['pending', 'verified']).toContain(receipt.verification);
  await client.post('/verifier/run', {});
  expect((await client.receipt(risky.body.receipt_id)).receipt.verification).toBe('verified');
  const harmless = await client.invoke('echo', { message: 'x' });
  expect((await client.receipt(harmless.body.receipt_id)).receipt.verification).toBe('not_required');
});

const deployed = (path: string): Promise<string> =>
  readFile(new URL(`../../deploy/${path}`, import.meta.url), 'utf8');

it('what the alerts and the dashboard ask for is what is measured', async () => {
  const rules = parse(await deployed('prometheus/alerts.yml')).groups[0].rules as { expr: string }[];
  const { panels } = JSON.parse(await deployed('grafana/dashboards/workflow-agent-host.json'));
  const expressions: string[] = [
    ...rules.map(({ expr }) => expr),
    ...panels.flatMap(({ targets }: Wire) => targets.map(({ expr }: Wire) => expr)),
  ];
  const series = seriesOf(await (await fetch(`http://${monitor}/metrics`)).text());
  // What Prometheus says of the scrape itself.
  series.set('up', new Set());
  const unknown = expressions.flatMap(askedBy).flatMap(({ metric, labels }) => {
    const known = series.get(metric);
    if (known === undefined) return [metric];
    return labels
      .filter((label) => !known.has(label) && !['job', 'instance'].includes(label))
      .map((label) => `${metric}{${label}}`);
  });
  expect(unknown).toEqual([]);
});

it('metrics and health have an address of their own, where nothing else is', async () => {
  const statusOf = async (path: string) => (await fetch(`http://${monitor}${path}`)).status;
  expect(await Promise.all(['/healthz', '/readyz', '/v1/agents', '/'].map(statusOf))).toEqual([
    200, 200, 404, 404,
  ]);
  const { headers } = await fetch(`http://${monitor}/metrics`);
  expect(headers.get('content-security-policy')).toMatch(/^default-src 'none'/);
  expect(headers.get('x-content-type-options')).toBe('nosniff');
  const scrape = await (await fetch(`http://${monitor}/metrics`)).text();
  expect(scrape).toMatch(/^agent_host_policy_refusals_total\{code="approval_required"\} 4$/m);
  expect(scrape).toMatch(/^agent_host_open_tasks\{agent="order-refund",state="input-required"\} [1-9]/m);
  expect(scrape).toMatch(/^agent_host_record_lag_seconds_count [1-9]/m);
});

import { afterEach, beforeEach, describe, expect, it, test, vi } from 'vitest';
import type { AuditEntry } from '../../src/auth/audit.ts';
import { challengesOf, Refusal } from '../../src/auth/refusal.ts';
import { RefusalLog } from '../../src/auth/refusal-log.ts';
import { silentLog } from '../support/tasks.ts';

const DPOP = { dpop: 'ES256 EdDSA' };

test('without a credential the schemes are offered and no error is told (RFC 6750 §3.1)', () => {
  expect(challengesOf(new Refusal(401, 'A credential is needed'))).toEqual(['Bearer realm="agent-host"']);
  expect(challengesOf(new Refusal(401, 'A credential is needed'), DPOP)).toEqual([
    'Bearer realm="agent-host"',
    'DPoP realm="agent-host", algs="ES256 EdDSA"',
  ]);
});

test('an error stands on the scheme that was tried', () => {
  const bearer = new Refusal(401, 'The token has expired', { code: 'invalid_token' });
  expect(challengesOf(bearer, DPOP)).toEqual([
    'Bearer realm="agent-host", error="invalid_token", error_description="The token has expired"',
    'DPoP realm="agent-host", algs="ES256 EdDSA"',
  ]);
  const proof = new Refusal(401, 'htu', { code: 'invalid_dpop_proof', scheme: 'DPoP' });
  expect(challengesOf(proof, DPOP)[1]).toBe(
    'DPoP realm="agent-host", error="invalid_dpop_proof", error_description="htu", algs="ES256 EdDSA"',
  );
});

test('where DPoP alone is taken nothing else is offered, and the error stands on it', () => {
  const refusal = new Refusal(401, 'The token has expired', { code: 'invalid_token' });
  expect(challengesOf(refusal, { ...DPOP, dpopOnly: true })).toEqual([
    'DPoP realm="agent-host", error="invalid_token", error_description="The token has expired", algs="ES256 EdDSA"',
  ]);
});

test('a scope that is missing is named', () => {
  const missing = new Refusal(403, 'The scope admin is needed', {
    code: 'insufficient_scope',
    scope: 'admin',
  });
  expect(challengesOf(missing)[0]).toContain('error="insufficient_scope"');
  expect(challengesOf(missing)[0]).toMatch(/scope="admin"$/);
});

test('a message cannot leave its quotes', () => {
  const [challenge] = challengesOf(new Refusal(401, 'a "b" \\ ü\r\nX: y', { code: 'invalid_token' }));
  expect(challenge).toContain(`error_description="a 'b' ' ???X: y"`);
});

describe('the log of refusals', () => {
  const written: AuditEntry[] = [];
  let log: RefusalLog;
  const refuse = (address: string, times: number) => {
    for (let time = 0; time < times; time++) {
      const refusal = new Refusal(401, 'The API key is revoked', { code: 'invalid_token' });
      const asked = { caller: undefined, address, action: 'POST /x' };
      log.note(refusal.of({ caller: 'key:ci', key: 'ak_123456789012' }), asked);
    }
  };
  const leftOut = () =>
    written
      .filter(({ detail }) => 'leftOut' in detail)
      .map(({ address, detail }) => [address, detail.leftOut]);

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    written.length = 0;
    log = new RefusalLog({
      audit: { record: async (entry) => void written.push(entry), read: async () => [] },
      log: silentLog,
    });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('says whose credential it was, where that is certain', () => {
    refuse('192.0.2.1', 1);
    expect(written).toMatchObject([
      { event: 'login-refused', caller: 'key:ci', detail: { key: 'ak_123456789012', action: 'POST /x' } },
    ]);
  });

  it('tells those above ten of an address when its minute is over, whoever comes or not', async () => {
    refuse('192.0.2.1', 25);
    refuse('192.0.2.2', 3);
    expect(written).toHaveLength(13);
    await vi.advanceTimersByTimeAsync(61_000);
    expect(leftOut()).toEqual([['192.0.2.1', 15]]);
    refuse('192.0.2.1', 1);
    expect(written).toHaveLength(15);
  });

  it('and when the host stops', async () => {
    refuse('192.0.2.1', 12);
    await log.close();
    expect(leftOut()).toEqual([['192.0.2.1', 2]]);
  });
});

import { expect, test } from 'vitest';
import { challengesOf, Refusal } from '../../src/auth/refusal.ts';

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

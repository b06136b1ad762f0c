import { expect, it } from 'vitest';
import { checkConfig, type WantedConfig } from '../../src/push/push-config.ts';

const hook = 'https://example.com/hook';

it.each<[WantedConfig, string]>([
  [{ url: '' }, 'x.url'],
  [{ url: 'example.com' }, 'x.url'],
  [{ url: 'ftp://example.com' }, 'x.url'],
  [{ url: 'https://me:secret@example.com' }, 'x.url'],
  [{ url: `https://example.com/${'a'.repeat(2_048)}` }, 'x.url'],
  [{ url: hook, id: 'a'.repeat(256) }, 'x.id'],
  [{ url: hook, id: 'a\u0000' }, 'x.id'],
  [{ url: hook, token: 'a\r\nX-Other: b' }, 'x.token'],
  [{ url: hook, token: 'a'.repeat(8_193) }, 'x.token'],
  [{ url: hook, authentication: { scheme: 'two words', credentials: '' } }, 'x.authentication.scheme'],
  [{ url: hook, authentication: { scheme: '', credentials: 'c' } }, 'x.authentication.scheme'],
  [{ url: hook, authentication: { scheme: 'Bearer', credentials: 'ü€' } }, 'x.authentication.credentials'],
  [{ url: hook, headers: { 'two words': 'a' } }, 'x.headers.two words'],
  [{ url: hook, headers: { 'Content-Length': '1' } }, 'x.headers.Content-Length'],
  [{ url: hook, headers: { 'webhook-id': '1' } }, 'x.headers.webhook-id'],
  [{ url: hook, headers: { 'X-A': 'b\r\nX-C: d' } }, 'x.headers.X-A'],
  [{ url: hook, headers: { 'X-A': 'b', 'x-a': 'c' } }, 'x.headers'],
])('%j: refused, and the field is named', (config, field) => {
  expect(() => checkConfig(config, 'x.')).toThrow(expect.objectContaining({ code: 'invalid_params', field }));
});

it('what the protocol allows is taken', () => {
  checkConfig({ url: 'http://example.com:8080/a?b=c', id: 'mine', token: 't' }, '');
  checkConfig({ url: hook, authentication: { scheme: 'Basic', credentials: 'dTpw' } }, '');
  checkConfig({ url: hook, headers: { Authorization: 'Bearer x', 'X-Tenant': 'nine' } }, '');
});

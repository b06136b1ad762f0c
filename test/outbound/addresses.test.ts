import { expect, it } from 'vitest';
import { Addresses } from '../../src/outbound/addresses.ts';

const hostOf = (url: string): string => new URL(url).hostname;
const look = (addresses: Addresses, host: string) =>
  new Promise<unknown>((resolve) => {
    addresses.lookup(host, {}, (error, address) => resolve(error?.message ?? address));
  });

it.each([
  'http://127.0.0.1',
  'http://127.1',
  'http://0x7f000001',
  'http://2130706433',
  'http://017700000001',
  'http://127.0.0.1.',
  'http://0.0.0.0',
  'http://10.1.2.3',
  'http://172.31.0.1',
  'http://192.168.1.1',
  'http://169.254.169.254',
  'http://100.64.0.1',
  'http://224.0.0.1',
  'http://255.255.255.255',
  'http://240.0.0.1',
  'http://[::]',
  'http://[::1]',
  'http://[::127.0.0.1]',
  'http://[::ffff:127.0.0.1]',
  'http://[::ffff:a9fe:a9fe]',
  'http://[64:ff9b::7f00:1]',
  'http://[2002:7f00:1::]',
  'http://[fe80::1]',
  'http://[fc00::1]',
  'http://[fd12:3456::1]',
  'http://[ff02::1]',
])('%s is refused', (url) => {
  expect(() => new Addresses([]).check(hostOf(url))).toThrow('the address is not allowed');
});

it.each(['http://8.8.8.8', 'http://[2606:4700:4700::1111]', 'http://example.com'])('%s is not', (url) => {
  new Addresses([]).check(hostOf(url));
});

it.each([
  ['127.0.0.1', 'http://127.0.0.1', true],
  ['127.0.0.1', 'http://127.0.0.2', false],
  ['10.0.0.0/8', 'http://10.200.0.1', true],
  ['10.0.0.0/8', 'http://[fd00::1]', false],
  ['fd00::/8', 'http://[fd00::1]', true],
  ['[::1]', 'http://[::1]', true],
  ['localhost', 'http://127.0.0.1', false],
])('PUSH_ALLOW=%s: whether %s may be posted to is %s', (entry, url, allowed) => {
  const check = () => new Addresses([entry]).check(hostOf(url));
  if (allowed) check();
  else expect(check).toThrow('the address is not allowed');
});

it('a name is looked up, and refused for where it leads unless it is named', async () => {
  expect(await look(new Addresses([]), 'localhost')).toBe('the address is not allowed');
  expect(await look(new Addresses(['LOCALHOST']), 'localhost')).toMatch(/^(127\.0\.0\.1|::1)$/);
  expect(await look(new Addresses(['127.0.0.0/8', '::1']), 'localhost')).toMatch(/^(127\.0\.0\.1|::1)$/);
});

it.each(['http://host', '10.0.0.0/33', 'host/8', 'a b', '-', '::1/129'])(
  'PUSH_ALLOW=%s is refused',
  (entry) => {
    expect(() => new Addresses([entry])).toThrow(/^PUSH_ALLOW: /);
  },
);

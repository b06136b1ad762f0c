/** What comes as a text: headers, tokens, paths, words, numbers. */

import { VersionNotSupportedError } from '@a2a-js/sdk/errors';
import fc from 'fast-check';
import { describe, expect } from 'vitest';
import { versionOf } from '../../src/a2a/dialects.ts';
import { slipsIn, spellingsOf } from '../../src/agents/spelling.ts';
import { contentWords, fold, words } from '../../src/agents/words.ts';
import { argumentsIn } from '../../src/assistant/instructions.ts';
import { expiryOf } from '../../src/auth/api-keys.ts';
import { CliError } from '../../src/cli/failure.ts';
import { metadataOf, partsOf } from '../../src/cli/parts.ts';
import { plain } from '../../src/cli/show/text.ts';
import { eventsIn } from '../../src/client/events.ts';
import { readConfig } from '../../src/config.ts';
import { rowsOfCsv } from '../../src/console/ui/parts/tabular.ts';
import { HostError } from '../../src/errors.ts';
import { plainDecimal } from '../../src/gateway/decimal.ts';
import { fingerprintOf, readKey } from '../../src/idempotency/key.ts';
import { MappingError, mapped, problemIn } from '../../src/mapping/mapping.ts';
import { durationMs } from '../../src/mapping/plain.ts';
import { questionOf, requestIdOf, sessionHeader, sessionIn } from '../../src/mcp/session.ts';
import { Addresses, AddressRefused } from '../../src/outbound/addresses.ts';
import { delayAfter, verdictOn } from '../../src/push/attempts.ts';
import { SecretBox } from '../../src/secrets/box.ts';
import { parseSigningKeys } from '../../src/signing/keys.ts';
import { readPlace, writePlace } from '../../src/web/page-token.ts';
import { newSigningKey } from '../support/signing-key.ts';
import { feed, json, nearly, repeated, spoiled, text, thrownBy } from './feed.ts';

describe('headers', () => {
  feed(
    'A2A-Version',
    fc.oneof(text, repeated('1', '.', '0'), nearly('1.0', '0.3.1', ' 1.0 ')),
    async (given) => {
      expect(given.length).toBeGreaterThanOrEqual(0);
      await thrownBy(() => {
        expect(['1.0', '0.3', undefined]).toContain(versionOf(given));
      }, VersionNotSupportedError);
    },
  );

  feed(
    'Idempotency-Key: what a client quotes is the key it meant',
    fc.tuple(
      fc.array(fc.oneof(text, repeated('"', '\\', '\\"'), nearly('"one"', '"a\\"b"')), { maxLength: 2 }),
      fc.string({ minLength: 1 }),
    ),
    ([values, key]) => {
      const read = readKey(values);
      if ('key' in read) expect(read.key).toMatch(/^[\x20-\x7e]{1,255}$/);
      const quoted = `"${key.replace(/["\\]/g, '\\$&')}"`;
      if (/^[\x20-\x7e]{1,255}$/.test(key)) expect(readKey([quoted])).toEqual({ key });
    },
  );

  feed(
    'Mcp-Session-Id, and the id of a question: each is read as it was written',
    fc.tuple(fc.oneof(text, nearly('6c7e5b7e-0000-4000-8000-000000000000.elicits')), fc.uuid(), text),
    ([given, id, messageId]) => {
      const session = sessionIn(given);
      if (session !== undefined) expect(sessionHeader(session)).toBe(given);
      const question = { taskId: id, messageId: messageId.slice(0, 500) };
      expect(questionOf(requestIdOf(question))).toEqual(question);
      questionOf(given);
    },
  );

  feed(
    'Retry-After of a webhook: never an end of time',
    fc.tuple(
      fc.oneof(text, repeated('1', ','), nearly('120', 'Wed, 21 Oct 2026 07:28:00 GMT', '9'.repeat(400))),
      fc.nat(100),
    ),
    ([retryAfter, failures]) => {
      const verdict = verdictOn({ status: 503, retryAfter }, Date.now());
      const asked = verdict.outcome === 'failed' ? verdict.retryAfterMs : undefined;
      const delay = delayAfter(failures + 1, asked, 0.5);
      expect(delay).toBeGreaterThan(0);
      expect(delay).toBeLessThanOrEqual(24 * 3_600_000);
    },
  );
});

describe('tokens', () => {
  const at = new Date(1_790_000_000_000).toISOString();
  const written = writePlace({ at, id: '6c7e5b7e-0000-4000-8000-000000000000' });
  feed(
    'a page’s: what is read was written so',
    fc.oneof(
      text,
      nearly(written),
      json.map((it) => Buffer.from(JSON.stringify(it)).toString('base64url')),
    ),
    (token) => {
      const place = readPlace(token);
      if (place !== undefined) expect(readPlace(writePlace(place))).toEqual(place);
    },
  );

  const box = new SecretBox(['k'.repeat(32)]);
  const sealed = box.seal('a secret', 'here');
  feed(
    'a sealed secret: what was changed opens for nobody',
    fc.oneof(text, nearly(sealed)),
    async (given) => {
      let opened: string | undefined;
      await thrownBy(() => {
        opened = box.open(given, 'here');
      }, Error);
      // Base64url has more than one way to write the last bits.
      if (opened !== undefined) expect(opened).toBe('a secret');
    },
  );

  feed('keys to sign with', fc.oneof(text, nearly(newSigningKey(), '{"keys":[]}', '[{}]')), async (given) => {
    await thrownBy(() => parseSigningKeys(given, 'SIGNING_KEY'), HostError);
  });
});

describe('paths and templates of a mapping', () => {
  const roots = { text: 'two', data: { id: 7, lines: [{ sku: 'a' }] } };
  const samples = [
    '$.data.lines[0].sku',
    '$.data["odd key"]?',
    'on {{ $.text }} and {{$.data}}',
    '$$.text',
    '{{ ',
  ];
  feed(
    'lead into what there is, or nowhere',
    fc.oneof(text, repeated('{{', '}}', '$.', '["', '"]', '[0]', '\n', '?'), nearly(...samples)),
    async (given) => {
      const problem = problemIn(given, Object.keys(roots));
      const thrown = await thrownBy(() => {
        const value = mapped(given, roots);
        expect(JSON.parse(JSON.stringify(value))).toEqual(value);
      }, MappingError);
      if (problem === undefined && thrown !== undefined) expect(thrown.message).toMatch(/ is missing$/);
    },
  );
  feed('in whatever holds them', spoiled({ a: ['$.text', { b: '{{ $.data }}' }] }), async (given) => {
    problemIn(given, Object.keys(roots));
    await thrownBy(() => mapped(given, roots), MappingError);
  });
});

describe('words', () => {
  feed(
    'of a search: letters and digits alone',
    fc.oneof(text, repeated('é', '́', 'ß', '-'), nearly('a café in São Paulo')),
    (given) => {
      for (const word of [...words(given), ...contentWords(given)])
        expect(word).toMatch(/^[\p{L}\p{Nd}\p{M}]+$/u);
      expect(fold(fold(given))).toBe(fold(given));
    },
  );
  feed('and how else they may be spelled: few, whatever they are', text, (given) => {
    for (const word of words(given).slice(0, 10)) {
      expect(slipsIn(word)).toBeLessThan(10);
      expect(spellingsOf(word).length).toBeLessThan(5_000);
    }
  });
  feed('for a terminal: nothing steers it', text, (given) => {
    expect(plain(given)).not.toMatch(/[^\P{Cc}\n\t]/u);
    expect(plain(plain(given))).toBe(plain(given));
  });
});

describe('numbers', () => {
  feed(
    'without an exponent: the number that was given',
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    (given) => {
      const shown = plainDecimal(given);
      if (shown === undefined) return;
      expect(shown).toMatch(/^-?\d+(\.\d+)?$/);
      expect(Number(shown) === given).toBe(true);
    },
  );
  feed('durations', fc.oneof(text, repeated('9', 's'), nearly('90s', '2h', '7d')), async (given) => {
    const ms = durationMs(given);
    if (ms !== undefined) expect(Number.isSafeInteger(ms)).toBe(true);
    await thrownBy(() => {
      expect(expiryOf(given).getTime()).not.toBeNaN();
    }, HostError);
  });
});

describe('addresses', () => {
  const none = new Addresses([]);
  const spelled = (address: string, [a = 0, b = 0, c = 0, d = 0]: number[]) => {
    const number = ((a * 256 + b) * 256 + c) * 256 + d;
    const pair = (x: number, y: number) => (x * 256 + y).toString(16);
    return [
      address,
      String(number),
      `0x${number.toString(16)}`,
      `0${number.toString(8)}`,
      `${a}.${b}.${c * 256 + d}`,
      `0x${a.toString(16)}.0${b.toString(8)}.${c}.${d}`,
      `[::ffff:${address}]`,
      `[::${pair(a, b)}:${pair(c, d)}]`,
      `[64:ff9b::${address}]`,
      `[2002:${pair(a, b)}:${pair(c, d)}::]`,
    ];
  };
  const octet = fc.nat(255);
  const inside = fc.oneof(
    fc.tuple(fc.constantFrom(10, 127, 0), octet, octet, octet),
    fc.tuple(fc.constant(172), fc.integer({ min: 16, max: 31 }), octet, octet),
    fc
      .tuple(fc.constantFrom([192, 168], [169, 254]), octet, octet)
      .map(([[a = 0, b = 0], c, d]) => [a, b, c, d]),
    fc.tuple(fc.integer({ min: 224, max: 255 }), octet, octet, octet),
  );
  feed('of the inside are refused, however they are written', inside, (octets) => {
    for (const host of spelled(octets.join('.'), octets)) {
      const { hostname } = new URL(`http://${host}/`);
      expect(() => none.check(hostname), host).toThrow(AddressRefused);
    }
  });
  feed(
    'that may be reached, as they are set',
    fc.oneof(text, repeated('a', '.', '-', ':', '/'), nearly('10.0.0.0/8', '[::1]', 'a.example')),
    async (given) => {
      await thrownBy(() => new Addresses([given]).check('10.1.2.3'), HostError, AddressRefused);
    },
  );
});

describe('settings', () => {
  const names = [
    'PORT',
    'HOST',
    'PUBLIC_URL',
    'CORS_ORIGINS',
    'TRUST_PROXY',
    'MAX_BODY',
    'METRICS_ADDRESS',
    'DATABASE_URL',
    'OTEL_EXPORTER_OTLP_HEADERS',
  ];
  feed(
    'are taken, or named with what is wrong',
    fc.tuple(
      fc.constantFrom(...names),
      fc.oneof(
        text,
        repeated('=', ',', '%20', 'a', '/', ':', '@'),
        nearly('8042', 'https://a.example', '127.0.0.1:9', '1, 2'),
      ),
    ),
    async ([name, value]) => {
      const thrown = await thrownBy(() => readConfig({ [name]: value }), HostError);
      if (thrown !== undefined) expect(thrown).toMatchObject({ code: 'config', field: name });
    },
  );
});

describe('the command line’s arguments', () => {
  feed('are taken, or told as wrong', fc.oneof(text, nearly('{"a": [1, 2]}')), async (given) => {
    await thrownBy(() => metadataOf(given), CliError);
    await thrownBy(() => partsOf({ text: given, data: given }, async () => given), CliError);
  });
});

describe('what others write', () => {
  const chunks = (given: string, cuts: number[]) => {
    const bytes = Buffer.from(given);
    const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
    return [0, ...places].map((from, index) => bytes.subarray(from, places[index] ?? bytes.length));
  };
  const heard = async (given: Uint8Array[]) => {
    const events = [];
    for await (const event of eventsIn(new Blob(given as never).stream() as never)) events.push(event);
    const cut = [];
    for await (const event of eventsIn(ReadableStream.from(given) as never)) cut.push(event);
    return { events, cut };
  };
  feed(
    'events of a stream: the same wherever it is cut',
    fc.tuple(
      fc.oneof(
        nearly('id: 1\ndata: {"a":1}\n\n: hi\r\n\r\nevent: end\r\ndata: x\r\ndata: y\r\n\r\n'),
        repeated('\n', '\r', 'data:', ': ', 'x'),
        text,
      ),
      fc.array(fc.nat(), { maxLength: 20 }),
    ),
    async ([given, cuts]) => {
      const { events, cut } = await heard(chunks(given, cuts));
      expect(cut).toEqual(events);
    },
  );

  feed('a model’s arguments of a call', fc.oneof(text, nearly('{"query":"x"}')), (given) => {
    const read = argumentsIn(given);
    if (read !== undefined) expect(Array.isArray(read)).toBe(false);
  });

  feed(
    'tables as commas have them',
    fc.oneof(text, repeated('"', ',', '\r', '\n', '""'), nearly('a,b\n"x ""y""",2\r\n')),
    (given) => {
      expect(rowsOfCsv(given).length).toBeLessThanOrEqual(given.length + 1);
    },
  );

  feed('a body’s fingerprint: the same for the same', json, (given) => {
    expect(fingerprintOf(structuredClone(given))).toBe(fingerprintOf(given));
  });
});

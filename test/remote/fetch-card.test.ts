import { AgentCard, canonicalizeAgentCard } from '@a2a-js/sdk';
import { describe, expect, it } from 'vitest';
import { CardError, fetchCard } from '../../src/remote/fetch-card.ts';
import { cardSigner } from '../../src/signing/card-signer.ts';
import { parseSigningKeys } from '../../src/signing/keys.ts';
import { newSigningKey } from '../support/signing-key.ts';

const card = {
  name: 'Remote',
  description: 'An agent elsewhere.',
  version: '1.2.3',
  supportedInterfaces: [{ url: 'http://a.example/rpc', protocolBinding: 'JSONRPC', protocolVersion: '1.0' }],
  capabilities: {},
  defaultInputModes: ['text/plain'],
  defaultOutputModes: ['text/plain'],
  skills: [{ id: 'a', name: 'A', description: 'a', tags: [] }],
};
const older = {
  name: 'Older',
  description: 'An agent elsewhere.',
  version: '1',
  url: 'http://a.example/rpc',
  preferredTransport: 'JSONRPC',
  protocolVersion: '0.3.0',
  capabilities: {},
  defaultInputModes: [],
  defaultOutputModes: [],
  skills: [],
};

const fetched = (given: unknown) => fetchCard('http://a.example/card', async () => Response.json(given));

describe('a card', () => {
  it.each([
    ['v1.0', card],
    ['v0.3', older],
    ['with null where it has nothing', { ...card, provider: null, signatures: null, securitySchemes: null }],
    [
      'with an interface of another version beside',
      {
        ...card,
        supportedInterfaces: [
          { url: 'http://a.example/next', protocolBinding: 'JSONRPC', protocolVersion: '9.0' },
          ...card.supportedInterfaces,
        ],
      },
    ],
  ])('%s is taken', async (_name, given) => {
    expect((await fetched(given)).card.name).toBe(given.name);
  });

  const only = (more: object) => ({
    ...card,
    supportedInterfaces: [{ ...card.supportedInterfaces[0], ...more }],
  });

  it.each<[string, unknown, string]>([
    ['null', null, 'is no JSON object'],
    ['a list', [], 'is no JSON object'],
    ['name', { ...card, name: 5 }, 'name: '],
    ['name with a NUL', { ...card, name: 'a\0b' }, 'name: is not well-formed text'],
    ['name with half a character', { ...card, name: 'a\ud800b' }, 'name: is not well-formed text'],
    ['description', { ...card, description: 'x'.repeat(20_000) }, 'description: '],
    ['skills', { ...card, skills: 'x' }, 'skills: '],
    ['a skill', { ...card, skills: [null] }, 'skills.0: '],
    ['interfaces', { ...card, supportedInterfaces: {} }, 'supportedInterfaces: '],
    ['an interface', { ...card, supportedInterfaces: [null] }, 'supportedInterfaces.0: '],
    ['requirements', { ...card, securityRequirements: [null] }, 'securityRequirements.0: '],
    ['schemes', { ...card, securitySchemes: { a: null } }, 'securitySchemes.a: '],
    ['capabilities', { ...card, capabilities: 'x' }, 'capabilities: '],
    ['an extension', { ...card, capabilities: { extensions: [null] } }, 'capabilities.extensions.0: '],
    ['signatures', { ...card, signatures: Array(11).fill({}) }, 'signatures: '],
    ['version of v0.3', { ...older, protocolVersion: '9.0' }, 'protocolVersion: '],
    ['version', only({ protocolVersion: '9.0' }), 'of a version 1.0 or 0.3'],
  ])('%s that is none: it says so, in its own words', async (_name, given, problem) => {
    const error = await fetched(given).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(CardError);
    expect(error).toMatchObject({ away: false, message: expect.stringContaining(problem) });
    expect((error as Error).message).not.toMatch(/undefined|reading/);
  });

  it('a signature by a key of another origin is none', async () => {
    const keys = await parseSigningKeys(newSigningKey(), 'the test');
    const parsed = AgentCard.fromJSON(card);
    const asked: string[] = [];
    const signedAt = async (origin: string) => {
      const signatures = [await cardSigner(keys, origin)(canonicalizeAgentCard(parsed))];
      return fetchCard('http://a.example/card', async (input) => {
        asked.push(String(input));
        return Response.json(
          String(input).endsWith('jwks.json') ? { keys: keys.publicJwks } : { ...card, signatures },
        );
      });
    };
    expect(await signedAt('http://a.example')).toMatchObject({ signed: true });
    await expect(signedAt('http://evil.example')).rejects.toThrow('the card’s signature is not right');
    expect(asked.filter((url) => url.includes('evil'))).toEqual([]);
  });
});

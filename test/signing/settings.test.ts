import { expect, it } from 'vitest';
import { givenSigningKeys } from '../../src/signing/settings.ts';
import { newSigningKey } from '../support/signing-key.ts';

const DATABASE_URL = 'postgresql://db/x';

it('a host on servers of its own keeps its own keys', async () => {
  expect(await givenSigningKeys({})).toBeUndefined();
});

it('what is given is used, on any database', async () => {
  const SIGNING_KEY = newSigningKey();
  const alone = await givenSigningKeys({ SIGNING_KEY });
  const shared = await givenSigningKeys({ SIGNING_KEY, DATABASE_URL });
  expect(shared?.publicJwks).toEqual(alone?.publicJwks);
});

it('on a database that others may share it must be given', async () => {
  await expect(givenSigningKeys({ DATABASE_URL })).rejects.toMatchObject({
    code: 'config',
    field: 'SIGNING_KEY',
    message: expect.stringMatching(/^SIGNING_KEY: must be given with DATABASE_URL/),
  });
});

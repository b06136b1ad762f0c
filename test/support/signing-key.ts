import { generateKeyPairSync } from 'node:crypto';

/** As SIGNING_KEY takes it. */
export const newSigningKey = (): string =>
  generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;

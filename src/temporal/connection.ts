import { readFile } from 'node:fs/promises';
import { NativeConnection, type NativeConnectionOptions } from '@temporalio/worker';
import type { Config } from '../config.ts';
import { HostError, messageOf } from '../errors.ts';

/**
 * Connects to the configured Temporal. One connection serves the client and the worker: only then can a
 * start be eager.
 * @throws HostError `unavailable` naming the address and why.
 */
export async function connectTemporal(config: Config, address: string): Promise<NativeConnection> {
  const tls = await tlsOf(config);
  try {
    return await NativeConnection.connect({
      address,
      ...(tls === undefined ? {} : { tls }),
      ...(config.TEMPORAL_API_KEY === undefined ? {} : { apiKey: config.TEMPORAL_API_KEY }),
    });
  } catch (error) {
    const problem = `Temporal does not answer at ${address}: ${reasonOf(error)}`;
    throw new HostError('unavailable', problem, { cause: error });
  }
}

const REASONS: [RegExp, string][] = [
  [/InvalidContentType/, 'it does not speak TLS; TEMPORAL_TLS and TEMPORAL_API_KEY ask for it'],
  [/Connection refused/, 'connection refused'],
];

/** Of what the SDK's core says, in its own language's words, the part that is said to somebody. */
function reasonOf(error: unknown): string {
  const text = messageOf(error);
  const [, known] = REASONS.find(([pattern]) => pattern.test(text)) ?? [];
  return known ?? text.replace(/^Failed to call GetSystemInfo: /, '').split('\n')[0] ?? '';
}

async function tlsOf(config: Config): Promise<NativeConnectionOptions['tls'] | undefined> {
  const ca = await readSetting(config, 'TEMPORAL_TLS_SERVER_CA_CERT_PATH');
  const crt = await readSetting(config, 'TEMPORAL_TLS_CLIENT_CERT_PATH');
  const key = await readSetting(config, 'TEMPORAL_TLS_CLIENT_KEY_PATH');
  const wanted = config.TEMPORAL_TLS ?? (config.TEMPORAL_API_KEY !== undefined || (ca ?? crt) !== undefined);
  // With a key the SDK takes TLS, unless it is told not to.
  if (!wanted) return config.TEMPORAL_TLS;
  if ((crt === undefined) !== (key === undefined)) {
    throw new HostError(
      'config',
      'TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH go together',
    );
  }
  return {
    ...(ca === undefined ? {} : { serverRootCACertificate: ca }),
    ...(crt === undefined || key === undefined ? {} : { clientCertPair: { crt, key } }),
    ...(config.TEMPORAL_TLS_SERVER_NAME === undefined
      ? {}
      : { serverNameOverride: config.TEMPORAL_TLS_SERVER_NAME }),
  };
}

async function readSetting(
  config: Config,
  name: 'TEMPORAL_TLS_SERVER_CA_CERT_PATH' | 'TEMPORAL_TLS_CLIENT_CERT_PATH' | 'TEMPORAL_TLS_CLIENT_KEY_PATH',
): Promise<Buffer | undefined> {
  const path = config[name];
  if (path === undefined) return undefined;
  try {
    return await readFile(path);
  } catch (error) {
    throw new HostError('config', `${name}: cannot read ${path}: ${messageOf(error)}`, { cause: error });
  }
}

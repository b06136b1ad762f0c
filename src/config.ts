import { z } from 'zod';
import { type Env, givenIn, SECRETS } from './config-files.ts';
import { temporalSettings } from './config-temporal.ts';
import {
  address,
  bytes,
  headerList,
  keptDays,
  LOOPBACK_URL,
  limit,
  list,
  number,
  origins,
  port,
  postgresUrl,
  seconds,
  secretKeys,
  shownUrl,
  trustProxy,
  webUrl,
} from './config-values.ts';
import { HostError } from './errors.ts';

/**
 * Every environment variable of the product, read once at start. The README's table of settings is
 * made from this schema: its descriptions are what operators read.
 */
export const configSchema = z.object({
  HOST: z
    .string()
    .default('127.0.0.1')
    .describe(
      'Address to listen on. On any but loopback the host starts only with `AUTH_ISSUER` or an API key.',
    ),
  PORT: port.default(8042).describe('Port to listen on; 0 takes a free one and prints it.'),
  GRPC_PORT: port
    .optional()
    .describe(
      'Port for gRPC on the same address; 0 takes a free one, which the cards name. No gRPC when unset.',
    ),
  METRICS_ADDRESS: address
    .optional()
    .describe(
      'Address such as `0.0.0.0:9464` where `/metrics`, `/healthz` and `/readyz` are served too, without credentials, in every role: for a network that is your own.',
    ),
  DEFAULT_AGENT: z
    .string()
    .optional()
    .describe('Workflow code of the agent that a gRPC call reaches which names no tenant.'),
  PUBLIC_URL: shownUrl
    .optional()
    .describe(
      'Base URL that cards and search results show; `http://HOST:PORT` when unset. With one that is not on loopback the host starts only with `AUTH_ISSUER` or an API key.',
    ),
  DATA_DIR: z
    .string()
    .default('.data')
    .describe(
      'Where the embedded Postgres and Temporal keep their state, and the host its keys. Everything in it survives a restart.',
    ),
  DATABASE_URL: postgresUrl
    .optional()
    .describe(
      'A Postgres to use instead of the embedded one. `SIGNING_KEY` and `GATEWAY_SECRET_KEY` must then be given too.',
    ),
  SIGNING_KEY: z
    .string()
    .optional()
    .describe(
      'Ed25519 keys that cards and webhooks are signed with, as PKCS8 PEM, JWK or JWK set: the first signs, the others are only published. Unset, the host makes one in `DATA_DIR`.',
    ),
  GATEWAY_SECRET_KEY: secretKeys
    .optional()
    .describe(
      'What stored secrets are encrypted with: text of 32 characters or more. A comma-separated list: the first encrypts, all decrypt. Unset, the host makes one in `DATA_DIR`.',
    ),
  PUSH_ALLOW: list
    .default([])
    .describe(
      'Private hosts, addresses and CIDR ranges that webhooks may be at, separated by commas; any other webhook must be at a public address.',
    ),
  AUTH_ISSUER: shownUrl
    .refine((url) => url.startsWith('https:') || LOOPBACK_URL.test(url), {
      error: 'must be https, but on loopback',
    })
    .optional()
    .describe(
      'Issuer whose access tokens are taken, as their `iss` names it; its keys are found by OpenID Connect discovery.',
    ),
  AUTH_AUDIENCE: z
    .string()
    .optional()
    .describe('What the `aud` of access tokens must name. Needed with `AUTH_ISSUER`.'),
  AUTH_SCOPE_CLAIM: z
    .string()
    .default('scope')
    .describe('Claim of access tokens that holds the scopes: words with spaces between them, or a list.'),
  AUTH_CLOCK_SKEW: number('must be seconds, 0 to 600', (n) => n >= 0 && n <= 600)
    .default(30)
    .describe('Seconds by which the clocks of the issuer and of clients may differ from this host’s.'),
  CONSOLE_CLIENT_ID: z
    .string()
    .optional()
    .describe(
      'Client id that the console has at `AUTH_ISSUER`: a public client with the authorization code flow and PKCE, whose redirect URI is the host’s base URL with a slash at its end. Unset, people sign in with API keys alone.',
    ),
  CONSOLE_SCOPE: z
    .string()
    .default('openid agents:read agents:invoke receipts:read admin')
    .describe('Scopes that the console asks the issuer for; what a person is given decides what they see.'),
  CORS_ORIGINS: origins
    .default([])
    .describe(
      'Origins whose web pages may call, such as `https://app.example.com`, separated by commas; `*` for any. None when unset. Where nobody is asked for credentials `*` does not count.',
    ),
  TRUST_PROXY: trustProxy
    .optional()
    .describe(
      'Which proxies in front are believed when they say where a request came from (`X-Forwarded-For`): how many, or their addresses and CIDR ranges. None when unset.',
    ),
  REQUESTS_PER_MINUTE: limit
    .optional()
    .describe('Requests that a caller may make in a minute. No limit when unset, as with those below.'),
  AGENT_REQUESTS_PER_MINUTE: limit
    .optional()
    .describe('Requests that an agent takes in a minute, from all its callers.'),
  TASKS_AT_ONCE: limit.optional().describe('Tasks that have not ended which a caller may have.'),
  AGENT_TASKS_AT_ONCE: limit.optional().describe('The same of an agent, for all its callers.'),
  STREAMS_AT_ONCE: limit.optional().describe('Open streams that a caller may have.'),
  AGENT_STREAMS_AT_ONCE: limit.optional().describe('The same of an agent, for all its callers.'),
  HOST_REQUESTS_AT_ONCE: limit.default(200).describe('Requests that a host works on, whoever asks.'),
  HOST_STREAMS_AT_ONCE: limit.default(10_000).describe('Streams it has open, and requests that wait.'),
  DPOP_NONCE: z
    .enum(['off', 'required'])
    .default('off')
    .describe('`required`: DPoP proofs must hold a nonce that this host gave (RFC 9449, section 9).'),
  ...temporalSettings,
  TEMPORAL_CLI: z
    .string()
    .optional()
    .describe(
      'Path of a `temporal` program for the embedded server; otherwise PATH, the cache, then a download.',
    ),
  WORKER_VERSIONING: z
    .stringbool()
    .default(true)
    .describe(
      'Pins each task to the workflow code it began on, where the Temporal server has Worker Versioning.',
    ),
  ROLE: z
    .enum(['all', 'host', 'worker'])
    .default('all')
    .describe(
      '`host` answers requests, `worker` runs workflows and activities, `all` does both in one process.',
    ),
  DRAIN: number('must be seconds, 0 to 300', (n) => n >= 0 && n <= 300)
    .default(0)
    .describe(
      'Seconds for which a host that is told to stop goes on as before, but for `/readyz`, which is 503: a balancer sends its requests elsewhere meanwhile.',
    ),
  WORKFLOWS: z
    .string()
    .default('workflows')
    .describe('Folder whose agents are published and whose workflows the worker runs.'),
  CARD_VERSION: z
    .enum(['1.0', '0.3'])
    .default('1.0')
    .describe('Shape of agent-card.json when the client names no version.'),
  SEND_WAIT: seconds
    .default(30)
    .describe(
      'Seconds a v0.3 send waits for the task to settle before it answers with the task as it stands.',
    ),
  MAX_BODY: bytes
    .default(32 * 1024 * 1024)
    .describe('Largest request body in bytes where messages come in; 1 MB elsewhere.'),
  MAX_FILE: bytes
    .default(20 * 1024 * 1024)
    .describe('Largest file in bytes: the raw bytes of one part of a message, or what an activity saves.'),
  INVOKE_TIMEOUT: seconds
    .default(60)
    .describe(
      'Seconds a call through the gateway waits for its agent; then it is 504, and its task goes on.',
    ),
  GATEWAY_ASYNC_DEADLINE: seconds
    .default(86_400)
    .describe(
      'Seconds after which a call through the gateway that has no end has failed: an asynchronous one, or one of an agent elsewhere that took longer than its caller waited.',
    ),
  GATEWAY_MAX_COST_UNITS: number('must be a whole number, not negative', (n) => Number.isInteger(n) && n >= 0)
    .optional()
    .describe('The most that one call through the gateway may cost, whatever its caller would pay.'),
  CARD_REFRESH: seconds
    .default(3_600)
    .describe('Seconds after which the card of an agent elsewhere is fetched again, within a minute.'),
  KEEP_TASKS: keptDays(
    'Days for which a task is kept after its end, with its messages, artifacts, files and webhooks; for ever when unset.',
  ),
  KEEP_AUDIT: keptDays('Days for which entries of the audit log are kept; for ever when unset.'),
  KEEP_RECEIPT_BODIES: keptDays(
    'Days for which a receipt keeps what was asked and answered; for ever when unset.',
  ),
  KEEP_RECEIPTS: keptDays(
    'Days for which receipts are kept; a signed checkpoint of what was removed stays. For ever when unset.',
  ),
  INVOKE_REQUIRE_DPOP: z
    .stringbool()
    .default(false)
    .describe(
      'The invoke facade takes access tokens bound by DPoP and no other credential. Needs `AUTH_ISSUER`.',
    ),
  MODEL_URL: webUrl
    .optional()
    .describe(
      'Base URL of an OpenAI-compatible API, such as `https://api.example.com/v1`: its `/chat/completions` thinks for the agent `assistant`, which is published on hosts that have it and run by workers that have it. No such agent when unset.',
    ),
  MODEL_NAME: z.string().optional().describe('The model to ask there. Needed with `MODEL_URL`.'),
  MODEL_KEY: z.string().optional().describe('API key for it, sent as a bearer token; none when unset.'),
  MODEL_STEPS: limit.default(30).describe('Answers of the model that one task of the assistant may take.'),
  MODEL_TOKENS: number('must be a whole number above 0', (n) => Number.isInteger(n) && n > 0)
    .default(500_000)
    .describe('Tokens that one may use, as the model counts them.'),
  MODEL_SECONDS: seconds
    .default(3_600)
    .describe('Seconds that one may work; those for which its user is asked do not count.'),
  KILL_AT: z
    .string()
    .regex(
      /^(save|accept|append|start|deliver|project|open|finish|keep|begin|publish|unpublish|send|settled|noteTask):(before|after)$/,
    )
    .optional()
    .describe(
      'For tests: the process ends, as by kill -9, the first time it comes to this point, such as `accept:after`.',
    ),
  OTEL_EXPORTER_OTLP_ENDPOINT: webUrl
    .optional()
    .describe(
      'Where traces are sent, by OTLP over HTTP with JSON, such as `http://collector:4318`. None are when unset.',
    ),
  OTEL_EXPORTER_OTLP_HEADERS: headerList
    .default({})
    .describe('Headers of these requests: `name=value`, separated by commas, values percent-encoded.'),
  OTEL_SERVICE_NAME: z.string().default('workflow-agent-host').describe('Name of this service in traces.'),
  OTEL_TRACES_SAMPLER_ARG: number('must be a number from 0 to 1', (n) => n >= 0 && n <= 1)
    .default(1)
    .describe(
      'Share of the traces that are sent, of those that begin here; what a caller has decided for its own holds.',
    ),
  LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
    .default('info')
    .describe('How much is logged, as JSON lines on standard error.'),
});

export type Config = z.output<typeof configSchema>;

/**
 * Reads the configuration. An empty string is unset; what may hold a secret may be in a file, whose path is given.
 * @throws HostError `config`, one line that names the setting.
 */
export function readConfig(env: Env): Config {
  const given = Object.fromEntries(
    Object.keys(configSchema.shape)
      .map((name) => [name, givenIn(env, name)] as const)
      .filter(([, value]) => value !== undefined),
  );
  const result = configSchema.safeParse(given);
  if (!result.success) {
    const issue = result.error.issues[0];
    const name = String(issue?.path[0] ?? '');
    // A setting that may hold a secret is not repeated.
    const shown = SECRETS.has(name) ? '' : ` (got ${JSON.stringify(given[name])})`;
    throw new HostError('config', `${name}: ${issue?.message}${shown}`, { field: name });
  }
  return result.data;
}

import { z } from 'zod';
import { shownUrl } from './config-values.ts';

/** Which Temporal, and how it is talked to. */
export const temporalSettings = {
  TEMPORAL_ADDRESS: z
    .string()
    .regex(/^[^\s/]+:\d+$/, 'must be host:port')
    .optional()
    .describe('`host:port` of a Temporal to use instead of the embedded one.'),
  TEMPORAL_NAMESPACE: z.string().default('default').describe('Temporal namespace.'),
  TEMPORAL_UI_URL: shownUrl
    .optional()
    .describe(
      'Where people reach Temporal’s web UI, such as `http://localhost:8233`; tasks then link to it.',
    ),
  TEMPORAL_API_KEY: z.string().optional().describe('API key for Temporal.'),
  TEMPORAL_TLS: z
    .stringbool()
    .optional()
    .describe('Connect to Temporal with TLS; on by itself when an API key or a certificate is given.'),
  TEMPORAL_TLS_SERVER_CA_CERT_PATH: z
    .string()
    .optional()
    .describe('PEM file of the CA that signed Temporal’s certificate.'),
  TEMPORAL_TLS_CLIENT_CERT_PATH: z.string().optional().describe('PEM file of the client certificate.'),
  TEMPORAL_TLS_CLIENT_KEY_PATH: z.string().optional().describe('PEM file of the client certificate’s key.'),
  TEMPORAL_TLS_SERVER_NAME: z
    .string()
    .optional()
    .describe('Server name to expect in Temporal’s certificate.'),
  DATA_CONVERTER: z
    .string()
    .optional()
    .describe(
      'Path of a module that exports `payloadCodecs`, and `payloadConverterPath` or `failureConverterPath`, as Temporal’s TypeScript SDK takes them: how what goes to Temporal is written and read, such as encrypted.',
    ),
};

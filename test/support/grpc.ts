import { A2AService } from '@a2a-js/sdk/server/grpc';
import { Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import type { Wire } from './rpc.ts';

type Method = keyof typeof A2AService;

/** The codec wants every field of proto3 that is no message and not optional. */
const DEFAULTS = { tenant: '', id: '', contextId: '', status: 0, pageToken: '' };

export interface Refused {
  code: string;
  message: string;
  details: string;
  /** What came with the status. */
  trailers: Metadata;
}

/** A bare gRPC client: what is sent and what comes back is not made nicer on the way. */
export class GrpcClient {
  readonly #client: Client;

  /** @param authority the name it calls the host by; its address when absent. */
  constructor(address: string, authority?: string) {
    const options = authority === undefined ? {} : { 'grpc.default_authority': authority };
    this.#client = new Client(address, credentials.createInsecure(), options);
  }

  close(): void {
    this.#client.close();
  }

  call(method: Method, request: Wire, headers: Record<string, string> = {}): Promise<Wire> {
    const { path, requestSerialize, responseDeserialize } = A2AService[method] as Wire;
    return new Promise((resolve, reject) => {
      const metadata = metadataOf(headers);
      this.#client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        { ...DEFAULTS, ...request },
        metadata,
        (error, answer) => {
          if (error) reject(error);
          else resolve(answer);
        },
      );
    });
  }

  /** Iterate to read; `cancel` to go away. */
  stream(method: Method, request: Wire, headers: Record<string, string> = {}) {
    const { path, requestSerialize, responseDeserialize } = A2AService[method] as Wire;
    return this.#client.makeServerStreamRequest<Wire, Wire>(
      path,
      requestSerialize,
      responseDeserialize,
      { ...DEFAULTS, ...request },
      metadataOf(headers),
    );
  }

  /** The error of a call that must fail; `details` is the text of its `grpc-status-details-bin`. */
  async refused(method: Method, request: Wire, headers: Record<string, string> = {}): Promise<Refused> {
    const call = A2AService[method].responseStream
      ? (async () => {
          for await (const _ of this.stream(method, request, headers));
        })()
      : this.call(method, request, headers);
    const error = (await call.then(
      () => {
        throw new Error(`${method} was not refused`);
      },
      (reason: unknown) => reason,
    )) as ServiceError;
    if (error.code === undefined) throw error;
    const [details] = error.metadata?.get('grpc-status-details-bin') ?? [];
    return {
      code: status[error.code] ?? '',
      message: error.details,
      details: details?.toString() ?? '',
      trailers: error.metadata ?? new Metadata(),
    };
  }
}

function metadataOf(headers: Record<string, string>): Metadata {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries({ 'a2a-version': '1.0', ...headers })) {
    if (value !== '') metadata.set(name, value);
  }
  return metadata;
}

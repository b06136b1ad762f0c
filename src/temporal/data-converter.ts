import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type {
  DataConverter,
  FailureConverter,
  LoadedDataConverter,
  PayloadCodec,
  PayloadConverter,
} from '@temporalio/common';
import { HostError, messageOf } from '../errors.ts';
import { readingFailureConverter, readingPayloadConverter } from '../workflow-kit/payloads.ts';

/** Modules that are bundled with the workflows: each exports `payloadConverter`, or `failureConverter`. */
export interface ConverterFiles {
  payloadConverterPath?: string;
  failureConverterPath?: string;
}

/** How this host's payloads are written and read. */
export interface HostConverter {
  files: ConverterFiles;
  /** For workers. */
  worker: DataConverter;
  /** For clients, which read what workflows of any worker answer. */
  client: DataConverter;
}

/**
 * Loads the module of DATA_CONVERTER, which exports what Temporal's SDK takes as its `dataConverter`.
 * @param file undefined for the SDK's own.
 * @throws HostError `config` naming the setting.
 */
export async function loadConverter(file: string | undefined): Promise<HostConverter> {
  const module = file === undefined ? {} : await importFile(resolve(file));
  const files: ConverterFiles = {
    ...pathIn(module, 'payloadConverterPath'),
    ...pathIn(module, 'failureConverterPath'),
  };
  const payloadCodecs = codecsIn(module);
  if (file !== undefined && payloadCodecs.length === 0 && Object.keys(files).length === 0) {
    throw wrong(`${file} exports neither payloadCodecs nor payloadConverterPath nor failureConverterPath`);
  }
  const payloads = await converterIn(files.payloadConverterPath, 'payloadConverter');
  const failures = await converterIn(files.failureConverterPath, 'failureConverter');
  const client: LoadedDataConverter = {
    payloadConverter: readingPayloadConverter(payloads as PayloadConverter | undefined),
    failureConverter: readingFailureConverter(failures as FailureConverter | undefined),
    payloadCodecs,
  };
  // A client takes one that is loaded, too.
  return { files, worker: { ...files, payloadCodecs }, client: client as DataConverter };
}

function codecsIn({ payloadCodecs = [] }: Record<string, unknown>): PayloadCodec[] {
  const isCodec = (codec: unknown) =>
    ['encode', 'decode'].every((name) => typeof Object(codec)[name] === 'function');
  if (Array.isArray(payloadCodecs) && payloadCodecs.every(isCodec)) return payloadCodecs;
  throw wrong('payloadCodecs: must be a list of objects with the methods encode and decode');
}

function pathIn(module: Record<string, unknown>, name: keyof ConverterFiles): ConverterFiles {
  const path = module[name];
  if (path === undefined) return {};
  if (typeof path !== 'string') throw wrong(`${name}: must be the path of a module`);
  return { [name]: resolve(path) };
}

async function converterIn(path: string | undefined, name: string): Promise<unknown> {
  if (path === undefined) return undefined;
  const { [name]: converter } = await importFile(path);
  if (typeof converter === 'object' && converter !== null) return converter;
  throw wrong(`${path} does not export ${name}`);
}

async function importFile(path: string): Promise<Record<string, unknown>> {
  try {
    return (await import(pathToFileURL(path).href)) as Record<string, unknown>;
  } catch (error) {
    throw wrong(`${path} cannot be loaded: ${messageOf(error)}`, error);
  }
}

const wrong = (problem: string, cause?: unknown): HostError =>
  new HostError('config', `DATA_CONVERTER: ${problem}`, { field: 'DATA_CONVERTER', cause });

import { createReadStream, createWriteStream } from 'node:fs';
import { access, readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { JSONWebKeySet } from 'jose';
import { type Config, readConfig } from '../config.ts';
import { messageOf } from '../errors.ts';
import { signatureCheck } from '../receipts/check.ts';
import type { Checkpoint } from '../receipts/checkpoint.ts';
import { exportReceipts } from '../receipts/export.ts';
import { ReceiptLedger } from '../receipts/ledger.ts';
import { proofProblems } from '../receipts/verifier.ts';
import { type Finding, type Verification, verifyExport } from '../receipts/verify-export.ts';
import { withRecord } from '../record.ts';
import { detachedSigner } from '../signing/detached.ts';
import { openKeyFile } from '../signing/key-file.ts';
import { givenSigningKeys } from '../signing/settings.ts';
import { PrismaReceiptProofs } from '../storage/receipt-proofs.ts';
import { PrismaReceiptStore } from '../storage/receipt-store.ts';
import type { CommandContext } from './context.ts';
import { CliError, EXIT, type ExitCode, usageError } from './failure.ts';
import { hostFetch } from './remote/http.ts';

export interface ExportOptions {
  provider?: string;
}

export interface VerifyOptions extends ExportOptions {
  all?: boolean;
  /** Files. */
  jwks?: string;
  checkpoint?: string;
}

/** Writes the export of the record that the settings name. */
export async function exportFile(
  { env, output }: CommandContext,
  file: string,
  { provider }: ExportOptions,
): Promise<ExitCode> {
  let receipts = 0;
  await onReceipts(readConfig(env), async ({ ledger, proofs }) => {
    const lines = async function* () {
      for await (const line of exportReceipts(ledger, proofs, {
        ...(provider && { providerId: provider }),
      })) {
        if ('receipt' in line) receipts += 1;
        yield `${JSON.stringify(line)}\n`;
      }
    };
    await pipeline(Readable.from(lines()), createWriteStream(file, { mode: 0o600 }));
  });
  output.object({ file, receipts });
  output.text(`${receipts} receipts are in ${file}.`);
  return EXIT.ok;
}

/** Checks an export's file, a receipt on record or all of them. */
export async function verify(
  context: CommandContext,
  target: string | undefined,
  options: VerifyOptions,
): Promise<ExitCode> {
  if ((target === undefined) === (options.all !== true)) {
    throw usageError('Name a file or a receipt, or give --all.');
  }
  if (target === undefined) return report(context, await verifyAll(context, options));
  const isFile = await access(target).then(
    () => true,
    () => false,
  );
  return report(context, await (isFile ? verifyFile(context, target, options) : verifyOne(context, target)));
}

async function verifyFile(
  context: CommandContext,
  file: string,
  options: VerifyOptions,
): Promise<Verification> {
  const jwks = options.jwks === undefined ? await hostKeys(context) : await readKeys(options.jwks);
  return verifyExport(linesOf(file), { jwks, ...(await givenOptions(options)) });
}

/** Lines that are no JSON are handed on as text, for the verifier to tell of. */
async function* linesOf(file: string): AsyncGenerator<unknown, void, undefined> {
  for await (const line of createInterface({
    input: createReadStream(file),
    crlfDelay: Number.POSITIVE_INFINITY,
  })) {
    if (line !== '') yield parsed(line) ?? line;
  }
}

function verifyAll({ env }: CommandContext, options: VerifyOptions): Promise<Verification> {
  return onReceipts(readConfig(env), async ({ ledger, proofs, jwks }) => {
    const only = options.provider === undefined ? {} : { providerId: options.provider };
    return verifyExport(exportReceipts(ledger, proofs, only), { jwks, ...(await givenOptions(options)) });
  });
}

function verifyOne({ env }: CommandContext, id: string): Promise<Verification> {
  return onReceipts(readConfig(env), async ({ store, proofs, jwks }) => {
    const stored = await store.find(id);
    if (stored === undefined) {
      throw new CliError(`${id} is neither a file nor a receipt on record.`);
    }
    const problems = await proofProblems(stored, proofs, signatureCheck(jwks));
    const { receipt_id, provider_id, sequence } = stored.receipt;
    const named = { receipt_id, provider_id, ...(sequence === undefined ? {} : { sequence }) };
    return {
      receipts: 1,
      findings: problems.map((problem) => ({ kind: 'proof' as const, ...named, problem })),
    };
  });
}

async function givenOptions({ provider, checkpoint }: VerifyOptions) {
  return {
    ...(provider === undefined ? {} : { onlyProvider: provider }),
    ...(checkpoint === undefined ? {} : { checkpoints: [await readCheckpoint(checkpoint)] }),
  };
}

/** A checkpoint as the host publishes it, or an export, whose first line holds one. */
async function readCheckpoint(file: string): Promise<Checkpoint> {
  const text = await read('--checkpoint', file);
  // The one as JSON over several lines perhaps, the other a JSON object a line.
  for (const candidate of [text, text.split('\n', 1)[0] ?? '']) {
    const value = parsed(candidate) as { checkpoint?: Checkpoint } | Checkpoint | undefined;
    const checkpoint = value && 'checkpoint' in value ? value.checkpoint : (value as Checkpoint | undefined);
    if (Array.isArray(checkpoint?.chains)) return checkpoint;
  }
  throw usageError(`--checkpoint: ${file} holds no checkpoint`);
}

async function readKeys(file: string): Promise<JSONWebKeySet> {
  const jwks = parsed(await read('--jwks', file)) as JSONWebKeySet | undefined;
  if (Array.isArray(jwks?.keys)) return jwks;
  throw usageError(`--jwks: ${file} is no JWK set`);
}

/** Undefined for what is no JSON object. */
function parsed(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

async function read(option: string, file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw usageError(`${option}: ${messageOf(error)}`);
  }
}

async function hostKeys(host: CommandContext): Promise<JSONWebKeySet> {
  const answer = await hostFetch(host)(`${host.url}/.well-known/jwks.json`);
  return (await answer.json()) as JSONWebKeySet;
}

function report({ output }: CommandContext, { receipts, findings }: Verification): ExitCode {
  output.object({ receipts, findings });
  if (findings.length === 0) {
    output.text(
      `${receipts} ${receipts === 1 ? 'receipt is' : 'receipts are'} as signed, and none is missing.`,
    );
    return EXIT.ok;
  }
  output.text(...findings.map(lineOf));
  output.note(`${findings.length} found in ${receipts} receipts.`);
  return EXIT.failed;
}

const lineOf = ({ receipt_id, provider_id, sequence, kind, problem }: Finding): string => {
  const place = sequence === undefined ? '' : ` (${provider_id} ${sequence})`;
  return `${kind}: ${receipt_id === undefined ? '' : `receipt ${receipt_id}${place}: `}${problem}`;
};

interface Receipts {
  store: PrismaReceiptStore;
  proofs: PrismaReceiptProofs;
  ledger: ReceiptLedger;
  jwks: JSONWebKeySet;
}

function onReceipts<T>(config: Config, work: (receipts: Receipts) => Promise<T>): Promise<T> {
  return withRecord(config, async (db) => {
    const signing = (await givenSigningKeys(config)) ?? (await openKeyFile(config.DATA_DIR));
    const store = new PrismaReceiptStore(db);
    const proofs = new PrismaReceiptProofs(db);
    const jwks = { keys: signing.publicJwks } as JSONWebKeySet;
    const check = signatureCheck(jwks);
    const ledger = new ReceiptLedger({ store, chains: proofs, sign: detachedSigner(signing), check });
    return work({ store, proofs, ledger, jwks });
  });
}

import { readConfig } from '../config.ts';
import { withRecord } from '../record.ts';
import { givenSecretBox, rotateKeyFile } from '../secrets/keys.ts';
import { type RewrapReport, rewrapAll } from '../secrets/rotate.ts';
import { PrismaAuditLog } from '../storage/audit-log.ts';
import type { PrismaClient } from '../storage/generated/client.ts';
import { alone } from '../storage/locks.ts';
import { sealedSecrets } from '../storage/sealed-secrets.ts';
import type { CommandContext } from './context.ts';
import { EXIT, type ExitCode } from './failure.ts';

/**
 * Brings every stored secret under the newest key: the first of GATEWAY_SECRET_KEY, or a new one that is put before those of
 * DATA_DIR. Hosts go on meanwhile.
 * @throws HostError `config`, `unavailable`.
 */
export async function rotateSecrets({ env, output }: CommandContext): Promise<ExitCode> {
  const config = readConfig(env);
  const given = givenSecretBox(config);
  const { rewrapped, problems, keyId } = await withRecord(config, (db) =>
    alone(db, 'secrets rotate', async () => {
      if (given !== undefined) return { ...(await rewrap(db, given)), keyId: given.keyId };
      const { box, forgetOld } = await rotateKeyFile(config.DATA_DIR);
      const report = await rewrap(db, box);
      if (report.problems.length === 0) await forgetOld();
      return { ...report, keyId: box.keyId };
    }),
  );
  output.object({ key: keyId, rewrapped, problems });
  output.text(`Stored secrets are under the key ${keyId} now: ${rewrapped} of them had been under others.`);
  for (const problem of problems) output.note(`left as it is: ${problem}`);
  return problems.length === 0 ? EXIT.ok : EXIT.failed;
}

async function rewrap(
  db: PrismaClient,
  box: Parameters<typeof rewrapAll>[0] & { keyId: string },
): Promise<RewrapReport> {
  const report = await rewrapAll(box, sealedSecrets(db));
  await new PrismaAuditLog(db).record({
    event: 'secrets-rotate',
    caller: 'command line',
    detail: { key: box.keyId, rewrapped: report.rewrapped, problems: report.problems.length },
  });
  return report;
}

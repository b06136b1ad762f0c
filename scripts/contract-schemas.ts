/**
 * The JSON Schemas of `contract/`, made from those that the host reads by.
 * `node --import tsx scripts/contract-schemas.ts` prints them, with `--write` writes them; `npm run format` then sets them as the rest.
 */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { CONTRACT_SCHEMAS } from '../src/tasks/contract-schema.ts';

/** The text of each file, by its path from the repository's root. */
export const contractFiles = (): Record<string, string> =>
  Object.fromEntries(
    Object.entries(CONTRACT_SCHEMAS).map(([name, schema]) => {
      const shown = { title: name, ...z.toJSONSchema(schema, { io: 'input' }) };
      return [`contract/${name}.schema.json`, `${JSON.stringify(shown, null, 2)}\n`];
    }),
  );

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [path, text] of Object.entries(contractFiles())) {
    if (process.argv.includes('--write')) writeFileSync(new URL(`../${path}`, import.meta.url), text);
    else console.log(text);
  }
}

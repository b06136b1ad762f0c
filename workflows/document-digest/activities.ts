import { Context } from '@temporalio/activity';
import { type Part, readFile } from 'workflow-agent-host/activity';
import { LARGEST, readPart, type Section, split } from './document.ts';
import { countSection, type SectionCount } from './words.ts';

export type Reading = { name: string; sections: Section[] } | { problem: string };

const TOO_LARGE = { problem: `That is more than ${LARGEST / 1024} kB: send a smaller document.` };

/** Decodes a message's documents and cuts them into sections. */
export async function readDocuments(parts: Part[]): Promise<Reading> {
  const names: string[] = [];
  const sections: Section[] = [];
  let size = 0;
  for (const part of parts) {
    if ((part.file?.size ?? 0) > LARGEST) return TOO_LARGE;
    const document = readPart({ ...part, ...(part.file && { raw: await readFile(part) }) });
    if ('problem' in document) return document;
    size += Buffer.byteLength(document.text);
    if (size > LARGEST) return TOO_LARGE;
    names.push(document.name);
    sections.push(...split(document));
  }
  return { name: names.join(', '), sections };
}

/** Counts a batch of sections. After a worker's death the next attempt goes on behind the last one reported. */
export async function countSections(batch: Section[], pauseMs: number): Promise<SectionCount[]> {
  const context = Context.current();
  const reported: unknown = context.info.heartbeatDetails;
  const counts: SectionCount[] = Array.isArray(reported) ? reported : [];
  for (const section of batch.slice(counts.length)) {
    if (pauseMs > 0) await context.sleep(pauseMs);
    counts.push(countSection(section));
    context.heartbeat(counts);
  }
  return counts;
}

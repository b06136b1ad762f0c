import {
  activities,
  agentWorkflow,
  type IncomingMessage,
  type TaskContext,
} from 'workflow-agent-host/workflow';
import { pauseOf } from '../_shared/pause.ts';
import type * as acts from './activities.ts';
import type { Section } from './document.ts';
import { keywords, outline, type SectionCount, total } from './words.ts';

const { readDocuments, countSections } = activities<typeof acts>();

type Digested = Exclude<acts.Reading, { problem: string }>;

/** Bounds the events in history whatever the length of the document. */
const MAX_BATCHES = 20;

export const documentDigest = agentWorkflow(async (task) => {
  let parts = documentParts(task.message);
  if (parts.length === 0) parts = documentParts(await task.ask('Which document? Send its text, or a file.'));
  const reading = await readDocuments(parts);
  if ('problem' in reading) return task.reject(reading.problem);
  const { sections } = reading;
  if (sections.length === 0) return task.reject('There are no words in it.');

  task.artifact({
    name: 'outline',
    description: 'The sections of the document',
    text: outline(sections),
    mediaType: 'text/markdown',
  });
  const counts = await countAll(task, sections);
  return conclude(task, reading, counts);
});

/** The files where there are any, with the text as their covering letter; else the text or data itself. */
function documentParts({ parts }: IncomingMessage): IncomingMessage['parts'][number][] {
  const files = parts.filter(
    ({ raw, file, url, filename }) =>
      raw !== undefined || file !== undefined || url !== undefined || filename !== undefined,
  );
  if (files.length > 0) return files;
  const texts = parts.filter((part) => (part.text ?? '').trim() !== '');
  return texts.length > 0 ? texts : parts.filter((part) => part.data !== undefined);
}

/** A batch an activity, so that what is counted stays counted; the status tells how far it is. */
async function countAll(task: TaskContext, sections: Section[]): Promise<SectionCount[]> {
  const pauseMs = pauseOf(task.message.metadata);
  const size = Math.ceil(sections.length / MAX_BATCHES);
  const counts: SectionCount[] = [];
  while (counts.length < sections.length) {
    task.status(`Counted ${counts.length} of ${plural(sections.length, 'section')}`);
    counts.push(...(await countSections(sections.slice(counts.length, counts.length + size), pauseMs)));
  }
  return counts;
}

function conclude(task: TaskContext, { name, sections }: Digested, counts: SectionCount[]): string {
  const words = total(counts);
  const found = keywords(counts, 12);
  task.artifact({
    name: 'word-counts',
    description: 'Words, sentences and characters, also of each section',
    data: {
      ...words,
      sections: sections.map(({ title }, index) => ({ title, words: counts[index]?.words ?? 0 })),
    },
  });
  task.artifact({
    name: 'keywords',
    description: 'The words that carry the document, the heaviest first',
    data: { keywords: found.map((keyword) => ({ ...keyword })) },
  });
  const size = `${plural(words.words, 'word')} in ${plural(sections.length, 'section')}`;
  const top = found.slice(0, 5).map((keyword) => keyword.word);
  return `${name}: ${size}. ${top.length === 0 ? 'No keywords stand out.' : `Keywords: ${top.join(', ')}.`}`;
}

const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

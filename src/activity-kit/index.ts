/** What authors' activities import: `workflow-agent-host/activity`. */
import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { TASK_FILES, type TaskFiles } from '../tasks/contract.ts';
import type { Part } from '../tasks/task.ts';

export type { Part } from '../tasks/task.ts';

/**
 * The bytes of a part of the task's messages or artifacts: of a file, which large raw parts become, of a small raw
 * part, or of a text as UTF-8. A `url` is not fetched.
 * @throws ApplicationFailure, not to be tried again, when the part holds no bytes or the file is not the task's.
 */
export async function readFile(part: Part): Promise<Uint8Array> {
  if (part.file !== undefined) return taskFiles().read(part.file.id);
  if (part.raw !== undefined) return Buffer.from(part.raw, 'base64');
  if (part.text !== undefined) return Buffer.from(part.text);
  throw ApplicationFailure.nonRetryable('readFile: the part holds no file, raw bytes or text', 'NoFile');
}

/**
 * Makes a part of bytes, or of text as UTF-8, to be returned to the workflow and put into `task.artifact({ parts })`.
 * Above 64 KB they are kept beside the task and the part only names them, so that a large one fits through Temporal.
 * The same file saved again, as by another attempt, is kept once.
 * @throws ApplicationFailure, not to be tried again, when it is larger than the host keeps.
 */
export function saveFile(
  content: Uint8Array | string,
  about: { mediaType?: string; filename?: string } = {},
): Promise<Part> {
  return taskFiles().save(typeof content === 'string' ? Buffer.from(content) : content, about);
}

function taskFiles(): TaskFiles {
  const files = (Context.current() as { [TASK_FILES]?: TaskFiles })[TASK_FILES];
  if (files !== undefined) return files;
  const problem =
    'Files are read and saved by the activities of a task’s own workflow, run by the host’s worker';
  throw ApplicationFailure.nonRetryable(problem, 'NoFiles');
}

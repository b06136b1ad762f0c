import { changeWithFileUrls, type FileUrl, withFileUrls } from '../tasks/file-parts.ts';
import type { PushShape } from '../tasks/ports.ts';
import { applyChange } from '../tasks/state.ts';
import type { PushStore, StoredConfig, WriteBodies } from './ports.ts';

const CHANGES_AT_ONCE = 50;
const PAGES_KEPT = 8;

/** What a webhook is to be told of one change. */
export interface Told {
  version: number;
  bodies: string[];
}

export interface PagesOptions {
  store: Pick<PushStore, 'changes'>;
  write: WriteBodies;
  /** Where large files are read. */
  fileUrl: FileUrl | undefined;
}

/** Changes written once for all webhooks of a task that are told of them in the same shape. */
export class Pages {
  readonly #read: (after: number, shape: PushShape) => Promise<Told[]>;
  readonly #kept = new Map<string, Promise<Told[]>>();

  constructor(taskId: string, { store, write, fileUrl }: PagesOptions) {
    this.#read = async (after, shape) => {
      const read = await store.changes(taskId, after, {
        // In v1.0 each body is of one change, else it is the whole task.
        artifacts: shape !== '1.0',
        limit: CHANGES_AT_ONCE,
      });
      if (read === undefined) return [];
      let task = fileUrl === undefined ? read.task : withFileUrls(read.task, fileUrl);
      return read.changes.map((recorded) => {
        const change = fileUrl === undefined ? recorded : changeWithFileUrls(recorded, fileUrl);
        task = applyChange(task, change);
        return { version: change.version, bodies: write(change, task, shape) };
      });
    };
  }

  /** The changes after those the config has heard of, some of them, in order; none when it has heard of all. */
  after({ delivered, shape }: Pick<StoredConfig, 'delivered' | 'shape'>): Promise<Told[]> {
    const name = `${delivered} ${shape}`;
    const kept = this.#kept.get(name);
    if (kept !== undefined) return kept;
    const read = this.#read(delivered, shape);
    this.#kept.set(name, read);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > PAGES_KEPT && oldest !== undefined) this.#kept.delete(oldest);
    return read;
  }
}

import { createHash, webcrypto } from 'node:crypto';
import { HostError, invalidParams } from '../errors.ts';
import type { Message, Part } from './task.ts';

/** Raw bytes up to here travel in the message; larger ones are kept in the record and named by it. */
const INLINE_BYTES = 64 * 1024;

export interface FileAbout {
  mediaType?: string | undefined;
  filename?: string | undefined;
}

export interface StoredFile extends FileAbout {
  id: string;
  size: number;
}

export interface NewFile extends StoredFile {
  owner: string;
  bytes: Uint8Array;
}

/** Where files are kept. */
export interface FileStore {
  /**
   * Keeps a file, once whatever number of times it is given. It belongs to its owner's tasks that hold it: one that
   * no task has taken is purged.
   * @param taskId takes it at once.
   */
  save(file: NewFile, taskId?: string): Promise<void>;
  /** Without an owner whoever's it is. Undefined when it is another owner's, or of no task but those of the agents in `hidden`. */
  find(owner: string | undefined, id: string, hidden?: readonly string[]): Promise<StoredFile | undefined>;
  /** Its bytes from `start` to before `end`, in pieces. */
  read(id: string, start: number, end: number): AsyncIterable<Uint8Array>;
  /** Whose a task is; undefined when there is none. */
  ownerOf(taskId: string): Promise<string | undefined>;
  /**
   * Deletes those of the next `limit` files after an id that have belonged to no task for `olderThanMs`.
   * @returns how many, and the last id looked at; undefined past the last file.
   */
  purge(options: { after: string; olderThanMs: number; limit: number }): Promise<Purged>;
}

export interface Purged {
  deleted: number;
  last: string | undefined;
}

/** A message as it is recorded, and what is still to be kept of it. */
export interface Prepared {
  message: Message;
  /** Keeps its files; to be done before the message is recorded. */
  save(): Promise<void>;
}

export interface FilesOptions {
  store: FileStore;
  /** In bytes. */
  maxFile: number;
}

/** Large bytes of messages and artifacts: kept beside them in the record, never in a workflow's history. */
export class Files {
  readonly #store: FileStore;
  readonly #maxFile: number;

  constructor({ store, maxFile }: FilesOptions) {
    this.#store = store;
    this.#maxFile = maxFile;
  }

  /**
   * Puts a file in the place of each large raw part.
   * @throws HostError `invalid_params` naming the part that is too large, or holds a file that is not the owner's.
   */
  async prepare(owner: string, message: Message): Promise<Prepared> {
    const files: NewFile[] = [];
    const parts: Part[] = [];
    for (const [index, part] of message.parts.entries()) {
      const field = `message.parts[${index}]`;
      if (part.file !== undefined) {
        parts.push(await this.#known(owner, part, field));
      } else if (part.raw === undefined || Buffer.byteLength(part.raw, 'base64') <= INLINE_BYTES) {
        parts.push(part);
      } else {
        const { raw, ...about } = part;
        const bytes = Buffer.from(raw, 'base64');
        if (bytes.length > this.#maxFile) throw invalidParams(`${field}.raw`, this.#tooLarge(bytes.length));
        const file = await newFile(owner, bytes, part);
        files.push(file);
        parts.push({ ...about, file: { id: file.id, size: file.size } });
      }
    }
    return {
      message: { ...message, parts },
      save: async () => {
        for (const file of files) await this.#store.save(file);
      },
    };
  }

  /** A part that one agent hands on to another: with the owner's own file, and nothing else. */
  async #known(owner: string, { url: _, ...part }: Part, field: string): Promise<Part> {
    const file = part.file && (await this.#store.find(owner, part.file.id));
    if (file === undefined) throw invalidParams(`${field}.file`, 'is not known');
    return { ...part, file: { id: file.id, size: file.size } };
  }

  /**
   * Keeps what a task's workflow made, and gives the part that stands for it.
   * @throws HostError `invalid_params` when it is too large, `task_not_found`.
   */
  async save(taskId: string, bytes: Uint8Array, about: FileAbout): Promise<Part> {
    if (bytes.length > this.#maxFile) throw invalidParams('file', this.#tooLarge(bytes.length));
    const part: Part = {
      ...(about.filename === undefined ? {} : { filename: about.filename }),
      ...(about.mediaType === undefined ? {} : { mediaType: about.mediaType }),
    };
    if (bytes.length <= INLINE_BYTES) return { raw: Buffer.from(bytes).toString('base64'), ...part };
    const file = await newFile(await this.#ownerOf(taskId), bytes, about);
    await this.#store.save(file, taskId);
    return { file: { id: file.id, size: file.size }, ...part };
  }

  /**
   * All bytes of a file that the task's owner has.
   * @throws HostError `invalid_params`, `task_not_found`.
   */
  async read(taskId: string, id: string): Promise<Uint8Array> {
    const file = await this.find(await this.#ownerOf(taskId), id);
    if (file === undefined) throw invalidParams('file', 'is not known');
    const bytes = new Uint8Array(file.size);
    let at = 0;
    for await (const piece of this.#store.read(file.id, 0, file.size)) {
      bytes.set(piece, at);
      at += piece.length;
    }
    return bytes;
  }

  /**
   * Undefined when there is none for this owner.
   * @param hidden the agents whose tasks are not there for him.
   */
  find(
    owner: string | undefined,
    id: string,
    hidden: readonly string[] = [],
  ): Promise<StoredFile | undefined> {
    return this.#store.find(owner, id, hidden);
  }

  /** Bytes of a file that was found, from `start` to before `end`, in pieces. */
  pieces(id: string, start: number, end: number): AsyncIterable<Uint8Array> {
    return this.#store.read(id, start, end);
  }

  async #ownerOf(taskId: string): Promise<string> {
    const owner = await this.#store.ownerOf(taskId);
    if (owner === undefined) throw new HostError('task_not_found', 'Task not found');
    return owner;
  }

  #tooLarge(bytes: number): string {
    return `has ${bytes} bytes, at most ${this.#maxFile} are taken`;
  }
}

/** The id is made of all that a file is, so that a file which comes again, as a retry does, is the same one. */
async function newFile(owner: string, bytes: Uint8Array, about: FileAbout): Promise<NewFile> {
  const { mediaType, filename } = about;
  // Not on the event loop, which 20 MB would hold up.
  const content = await webcrypto.subtle.digest('SHA-256', bytes);
  const id = createHash('sha256')
    .update(JSON.stringify([owner, mediaType ?? null, filename ?? null]))
    .update(new Uint8Array(content))
    .digest('base64url');
  return { id, owner, size: bytes.length, mediaType, filename, bytes };
}

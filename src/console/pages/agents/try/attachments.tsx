import { useId, useState } from 'preact/hooks';
import { base64Of } from '../../../api/base64.ts';
import type { Part } from '../../../api/task-view.ts';
import { texts } from '../../../texts.ts';
import { bytes } from '../../../ui/format.ts';

interface AttachmentsProps {
  files: File[];
  /** The media types that the agent takes. */
  modes: string[];
  onChange(files: File[]): void;
}

/** Files that go with a message: dropped here, or chosen. */
export function Attachments({ files, modes, onChange }: AttachmentsProps) {
  const id = useId();
  const [over, setOver] = useState(false);
  const add = (more: FileList | null | undefined) => onChange([...files, ...Array.from(more ?? [])]);
  return (
    <div class="stack-tight">
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the same is done by the button within. */}
      <div
        class={`drop${over ? ' over' : ''}`}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={(event) => {
          event.preventDefault();
          setOver(false);
          add(event.dataTransfer?.files);
        }}
      >
        <label for={id}>{texts.try.drop}</label>
        <input
          id={id}
          type="file"
          multiple
          accept={modes.includes(ANY) ? undefined : modes.join(',')}
          onChange={({ currentTarget }) => {
            add(currentTarget.files);
            currentTarget.value = '';
          }}
        />
      </div>
      <ul class="stack-tight">
        {files.map((file) => (
          <li key={`${file.name} ${file.lastModified}`} class="row small">
            <span class="wrap-anywhere">{file.name}</span>
            <span class="quiet">{bytes(file.size)}</span>
            <button
              type="button"
              class="button tiny"
              aria-label={texts.try.removeFile(file.name)}
              onClick={() => onChange(files.filter((each) => each !== file))}
            >
              {texts.form.remove}
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}

const ANY = 'application/octet-stream';

/** A file as a part of a message to an agent that takes these media types. @throws DOMException when it cannot be read. */
export async function partOf(file: File, modes: string[]): Promise<Part> {
  const type = file.type || typeOf(file.name);
  return {
    raw: base64Of(new Uint8Array(await file.arrayBuffer())),
    // An agent that takes any bytes need not name what they are.
    mediaType: !modes.includes(type) && modes.includes(ANY) ? ANY : type,
    filename: file.name,
  };
}

/** For what browsers have no name. */
const typeOf = (name: string): string => (/\.(md|markdown)$/i.test(name) ? 'text/markdown' : ANY);

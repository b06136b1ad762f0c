import { useEffect, useState } from 'preact/hooks';
import { bytesOf } from '../../api/base64.ts';
import { ask } from '../../api/http.ts';
import type { Part } from '../../api/task-view.ts';
import { texts } from '../../texts.ts';
import { bytes as sizeOf } from '../format.ts';
import { Icon } from '../icons.tsx';
import { ErrorNote } from '../states.tsx';

/** Pictures that browsers show and that run nothing. */
const IMAGE = /^image\/(png|jpeg|gif|webp|avif|svg\+xml)$/;

/** A file in a message: a picture is shown, anything else can be taken along. */
export function FilePart({ part }: { part: Part }) {
  const name = part.filename ?? texts.parts.file;
  const [error, setError] = useState<unknown>();
  const outside = part.url !== undefined && ownPath(part.url) === undefined;
  if (outside) return <OutsideLink url={part.url ?? ''} name={name} />;
  const save = async () => {
    try {
      saveAs(await blobOf(part), name);
    } catch (failure) {
      setError(failure);
    }
  };
  return (
    <div class="stack-tight">
      {IMAGE.test(part.mediaType ?? '') && <Picture part={part} name={name} onError={setError} />}
      <div class="row">
        <button type="button" class="button clip" onClick={save}>
          <Icon name="file" />
          <span class="clip">{texts.parts.download(name)}</span>
        </button>
        <span class="quiet small wrap-anywhere">
          {[part.mediaType, part.raw === undefined ? undefined : sizeOf((part.raw.length * 3) / 4)]
            .filter(Boolean)
            .join(' · ')}
        </span>
      </div>
      {error !== undefined && <ErrorNote error={error} />}
    </div>
  );
}

function OutsideLink({ url, name }: { url: string; name: string }) {
  if (!/^https?:/i.test(url) || !URL.canParse(url)) return <code class="wrap-anywhere">{url}</code>;
  return (
    <a href={url} target="_blank" rel="noopener noreferrer" class="wrap-anywhere">
      {name} ({new URL(url).host})
    </a>
  );
}

interface PictureProps {
  part: Part;
  name: string;
  onError(error: unknown): void;
}

function Picture({ part, name, onError }: PictureProps) {
  const [source, setSource] = useState<string>();
  const { raw, url, mediaType } = part;
  useEffect(() => {
    let made: string | undefined;
    let gone = false;
    blobOf({
      ...(raw === undefined ? {} : { raw }),
      ...(url === undefined ? {} : { url }),
      ...(mediaType === undefined ? {} : { mediaType }),
    }).then((blob) => {
      if (gone) return;
      made = URL.createObjectURL(blob);
      setSource(made);
    }, onError);
    return () => {
      gone = true;
      if (made !== undefined) URL.revokeObjectURL(made);
    };
  }, [raw, url, mediaType, onError]);
  return source === undefined ? null : <img class="picture" src={source} alt={name} />;
}

const FILES = '/orchestrator/a2a/v1/files/';

/** Where the host keeps the file, by whatever name the host is reached here; undefined for what lies elsewhere. */
function ownPath(url: string): string | undefined {
  if (!URL.canParse(url)) return undefined;
  const { origin, pathname } = new URL(url);
  const at = pathname.indexOf(FILES);
  return origin === location.origin && at !== -1 ? pathname.slice(at + 1) : undefined;
}

/** @throws ApiError when the host does not give it. */
async function blobOf({ raw, url, mediaType = 'application/octet-stream' }: Part): Promise<Blob> {
  if (raw !== undefined) return new Blob([bytesOf(raw)], { type: mediaType });
  const response = await ask(ownPath(url ?? '') ?? '');
  return new Blob([await response.arrayBuffer()], { type: mediaType });
}

function saveAs(blob: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  // The browser has taken hold of it by then.
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

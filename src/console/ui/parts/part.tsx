import { useMemo, useState } from 'preact/hooks';
import type { Part } from '../../api/task-view.ts';
import { texts } from '../../texts.ts';
import { Boundary } from '../boundary.tsx';
import { JsonTree } from '../json-tree.tsx';
import { lazy } from '../lazy.tsx';
import { DataTable } from './data-table.tsx';
import { FilePart } from './file-part.tsx';
import { rowsOfCsv, rowsOfData } from './tabular.ts';

const Markdown = lazy(() => import('../markdown.tsx'));

/** What an agent or its caller said, each kind as it is best read. */
export const PartView = ({ part }: { part: Part }) => (
  <Boundary of={part}>
    <Content part={part} />
  </Boundary>
);

function Content({ part }: { part: Part }) {
  if (part.text !== undefined) return <TextPart text={part.text} mediaType={part.mediaType ?? ''} />;
  if (part.data !== undefined) return <DataPart value={part.data} />;
  if (part.raw !== undefined || part.url !== undefined) return <FilePart part={part} />;
  return null;
}

function TextPart({ text, mediaType }: { text: string; mediaType: string }) {
  const [type] = mediaType.split(';');
  if (type === 'text/markdown') return <Markdown text={text} />;
  if (type === 'text/csv') return <DataTable rows={rowsOfCsv(text)} />;
  if (type === 'application/json') return <JsonText text={text} />;
  return <p class="said">{text}</p>;
}

function JsonText({ text }: { text: string }) {
  const value = useMemo(() => {
    try {
      return { parsed: JSON.parse(text) as unknown };
    } catch {
      return undefined;
    }
  }, [text]);
  return value === undefined ? <p class="said">{text}</p> : <DataPart value={value.parsed} />;
}

/** As a table where it is one, and as a tree always. */
function DataPart({ value }: { value: unknown }) {
  const table = useMemo(() => rowsOfData(value), [value]);
  const [asTree, setAsTree] = useState(table === undefined);
  if (table === undefined) return <JsonTree value={value} open={3} />;
  return (
    <div class="stack-tight">
      {asTree ? <JsonTree value={value} open={3} /> : <DataTable {...table} />}
      <div>
        <button type="button" class="button tiny" onClick={() => setAsTree(!asTree)}>
          {asTree ? texts.parts.asTable : texts.parts.asTree}
        </button>
      </div>
    </div>
  );
}

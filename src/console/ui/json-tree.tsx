import { useState } from 'preact/hooks';
import { texts } from '../texts.ts';

interface JsonTreeProps {
  value: unknown;
  /** The name it has in what holds it. */
  name?: string;
  /** How many levels are open at first. */
  open?: number;
}

/** How many entries of a long list are shown at once. */
const PAGE = 100;

/** A JSON value as a tree to be opened; what is closed is not in the page. */
export const JsonTree = (props: JsonTreeProps) => (
  <div class="json">
    <Node open={2} {...props} />
  </div>
);

function Node({ value, name, open = 0 }: JsonTreeProps) {
  const entries = entriesOf(value);
  if (entries === undefined || entries.length === 0) {
    return (
      <div class="leaf">
        <Name name={name} />
        <Leaf value={value} />
      </div>
    );
  }
  return <Branch value={value} entries={entries} name={name} open={open} />;
}

type Entries = [string, unknown][];

interface BranchProps {
  value: unknown;
  entries: Entries;
  name: string | undefined;
  open: number;
}

function Branch({ value, entries, name, open }: BranchProps) {
  const [isOpen, setOpen] = useState(open > 0);
  const [shown, setShown] = useState(PAGE);
  return (
    <details open={isOpen} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <Name name={name} />
        <span class="count">{texts.json.count(entries.length, Array.isArray(value))}</span>
      </summary>
      {isOpen && (
        <div class="children">
          {entries.slice(0, shown).map(([key, each]) => (
            <Node key={key} name={key} value={each} open={open - 1} />
          ))}
          {entries.length > shown && (
            <button type="button" class="button tiny" onClick={() => setShown(shown + PAGE)}>
              {texts.json.more(entries.length - shown)}
            </button>
          )}
        </div>
      )}
    </details>
  );
}

const Name = ({ name }: { name: string | undefined }) =>
  name === undefined ? null : <span class="key">{name}: </span>;

function Leaf({ value }: { value: unknown }) {
  const kind = value === null ? 'null' : typeof value;
  return <span class={kind}>{JSON.stringify(value)}</span>;
}

function entriesOf(value: unknown): Entries | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.entries(value);
}

import { useState } from 'preact/hooks';
import { texts } from '../../texts.ts';
import type { TableRows } from './tabular.ts';

const PAGE = 100;

/** Rows as they came, under their columns' names. */
export function DataTable({ rows: [head = [], ...body], caption }: TableRows) {
  const [shown, setShown] = useState(PAGE);
  const numeric = head.map((_, at) =>
    body.every((row) => row[at] === '' || !Number.isNaN(Number(row[at] ?? ''))),
  );
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard.
    <div class="data-table" role="region" aria-label={caption ?? texts.parts.table} tabIndex={0}>
      <table>
        {caption !== undefined && <caption>{caption}</caption>}
        <thead>
          <tr>
            {head.map((name, at) => (
              <th key={name} scope="col" class={numeric[at] ? 'end' : undefined}>
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {body.slice(0, shown).map((row) => (
            <tr key={row.join('\u0000')}>
              {head.map((name, at) => (
                <td key={name} class={numeric[at] ? 'end' : undefined}>
                  {row[at]}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {body.length > shown && (
        <button type="button" class="button tiny" onClick={() => setShown(shown + PAGE)}>
          {texts.json.more(body.length - shown)}
        </button>
      )}
    </div>
  );
}

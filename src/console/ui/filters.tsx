import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';

/** Fields in a row that narrow a list. */
export const Filters = ({ label, children }: { label: string; children: ComponentChildren }) => (
  <fieldset class="filters">
    <legend class="visually-hidden">{label}</legend>
    {children}
  </fieldset>
);

interface ChoiceProps {
  label: string;
  value: string;
  /** What stands for no choice. */
  any: string;
  options: readonly (readonly [value: string, title: string])[];
  onChange(value: string): void;
}

export function Choice({ label, value, any, options, onChange }: ChoiceProps) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <select id={id} class="input" value={value} onChange={(event) => onChange(event.currentTarget.value)}>
        <option value="">{any}</option>
        {options.map(([each, title]) => (
          <option key={each} value={each}>
            {title}
          </option>
        ))}
      </select>
    </div>
  );
}

interface WordProps {
  label: string;
  value: string;
  onChange(value: string): void;
}

/** A field whose word counts once it is finished: by Enter, or when the focus goes. */
export function Word({ label, value, onChange }: WordProps) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        id={id}
        class="input"
        type="text"
        autocomplete="off"
        spellcheck={false}
        value={value}
        onChange={(event) => onChange(event.currentTarget.value.trim())}
      />
    </div>
  );
}

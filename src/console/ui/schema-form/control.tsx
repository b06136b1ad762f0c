import { useRef } from 'preact/hooks';
import { texts } from '../../texts.ts';
import { Unread } from './data.ts';
import { inputType, kindOf, optionsOf, type Schema } from './schema.ts';

interface ControlProps {
  schema: Schema;
  /** Whether it is written as JSON, whatever its kind. */
  asJson: boolean;
  value: unknown;
  onChange(value: unknown): void;
  /** Attributes of whatever it is asked with. */
  shared: { id: string; disabled: boolean; [aria: `aria-${string}`]: string | boolean | undefined };
}

/** What one value is written or chosen with. Nothing is refused here: the schema does that. */
export function Control({ schema, asJson, value, onChange, shared }: ControlProps) {
  const kind = asJson ? 'json' : kindOf(schema);
  if (kind === 'json') return <JsonControl value={value} onChange={onChange} shared={shared} />;
  if (kind === 'choice' || kind === 'yes-no') {
    const options = kind === 'yes-no' ? [true, false] : (optionsOf(schema) ?? []);
    return <Choice options={options} value={value} onChange={onChange} shared={shared} />;
  }
  const text = value === undefined || value instanceof Unread ? '' : String(value);
  if (kind === 'long-text') {
    return (
      <textarea
        {...shared}
        class="input"
        value={text}
        onInput={(event) => onChange(event.currentTarget.value)}
      />
    );
  }
  if (kind === 'text') {
    return (
      <input
        {...shared}
        class="input"
        // The types of attributes know one kind of input at a time.
        type={inputType(schema) as 'text'}
        value={text}
        onInput={(event) => onChange(event.currentTarget.value)}
      />
    );
  }
  return (
    <input
      {...shared}
      class="input"
      type="number"
      step={kind === 'integer' ? 1 : 'any'}
      value={text}
      onInput={({ currentTarget }) => onChange(numberIn(currentTarget))}
    />
  );
}

function numberIn({ value, validity, valueAsNumber }: HTMLInputElement): unknown {
  if (validity.badInput) return new Unread(value);
  return value === '' ? undefined : valueAsNumber;
}

type PartProps = Pick<ControlProps, 'value' | 'onChange' | 'shared'>;

const sayOption = (option: unknown): string =>
  option === true ? texts.form.yes : option === false ? texts.form.no : String(option);

const Choice = ({ options, value, onChange, shared }: PartProps & { options: unknown[] }) => (
  <select
    {...shared}
    class="input"
    value={value === undefined ? '' : String(options.indexOf(value))}
    onChange={({ currentTarget: { value: at } }) => onChange(at === '' ? undefined : options[Number(at)])}
  >
    <option value="">{texts.form.choose}</option>
    {options.map((option, at) => (
      <option key={String(option)} value={String(at)}>
        {sayOption(option)}
      </option>
    ))}
  </select>
);

/** For values that no other control fits. */
function JsonControl({ value, onChange, shared }: PartProps) {
  // What was typed, as long as it is what the value was read from.
  const typed = useRef<{ text: string; value: unknown }>({ text: '', value: undefined });
  if (typed.current.value !== value) typed.current = { text: written(value), value };
  const write = (text: string) => {
    typed.current = { text, value: read(text) };
    onChange(typed.current.value);
  };
  return (
    <textarea
      {...shared}
      class="input mono"
      spellcheck={false}
      value={typed.current.text}
      onInput={(event) => write(event.currentTarget.value)}
    />
  );
}

function read(text: string): unknown {
  if (text.trim() === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return new Unread(text);
  }
}

function written(value: unknown): string {
  if (value === undefined) return '';
  return value instanceof Unread ? value.text : JSON.stringify(value, null, 2);
}

import { useId, useState } from 'preact/hooks';
import { texts } from '../../texts.ts';
import { inputType, kindOf, resolved, type Schema, titleOf } from './schema.ts';

interface FieldProps {
  name: string;
  schema: Schema;
  /** Where local references lead. */
  root: Schema;
  required: boolean;
  value: unknown;
  onChange(value: unknown): void;
}

/** One value of a schema, asked for in the way that fits it; the browser checks what it can. */
function Field(props: FieldProps) {
  const schema = resolved(props.schema, props.root);
  const own = { ...props, schema };
  switch (kindOf(schema)) {
    case 'group':
      return <Group {...own} />;
    case 'list':
      return <List {...own} />;
    case 'choices':
      return <Choices {...own} />;
    case 'yes-no':
      return <YesNo {...own} />;
    default:
      return <Labelled {...own} />;
  }
}

function Labelled(props: FieldProps) {
  const { name, schema, required } = props;
  const id = useId();
  return (
    <div class="field">
      <label for={id}>
        {titleOf(name, schema)}
        {!required && <span class="optional">{texts.form.optional}</span>}
      </label>
      <Control {...props} id={id} />
      {schema.description !== undefined && (
        <span class="hint" id={`${id}-hint`}>
          {schema.description}
        </span>
      )}
    </div>
  );
}

function Control({ schema, required, value, onChange, id }: FieldProps & { id: string }) {
  const shared = {
    id,
    class: 'input',
    required,
    'aria-describedby': schema.description === undefined ? undefined : `${id}-hint`,
  };
  const text = value === undefined ? '' : String(value);
  const kind = kindOf(schema);
  if (kind === 'choice') {
    const options = schema.enum ?? [];
    return (
      <select
        {...shared}
        value={value === undefined ? '' : String(options.indexOf(value))}
        onChange={(event) =>
          onChange(event.currentTarget.value === '' ? undefined : options[Number(event.currentTarget.value)])
        }
      >
        <option value="">{texts.form.choose}</option>
        {options.map((option, at) => (
          <option key={String(option)} value={String(at)}>
            {String(option)}
          </option>
        ))}
      </select>
    );
  }
  if (kind === 'json') return <JsonControl shared={shared} onChange={onChange} />;
  if (kind === 'long-text') {
    return (
      <textarea
        {...shared}
        minLength={schema.minLength}
        maxLength={schema.maxLength}
        value={text}
        onInput={(event) => onChange(event.currentTarget.value)}
      />
    );
  }
  if (kind === 'text') {
    return (
      <input
        {...shared}
        // The types of attributes know one kind of input at a time.
        type={inputType(schema) as 'text'}
        minLength={schema.minLength}
        maxLength={schema.maxLength}
        pattern={schema.pattern}
        value={text}
        onInput={(event) => onChange(event.currentTarget.value)}
      />
    );
  }
  return (
    <input
      {...shared}
      type="number"
      step={kind === 'integer' ? 1 : 'any'}
      min={schema.minimum ?? schema.exclusiveMinimum}
      max={schema.maximum ?? schema.exclusiveMaximum}
      value={text}
      onInput={({ currentTarget }) =>
        onChange(currentTarget.value === '' ? undefined : currentTarget.valueAsNumber)
      }
    />
  );
}

interface JsonControlProps {
  shared: Record<string, unknown>;
  onChange(value: unknown): void;
}

/** For values that no other field fits. */
function JsonControl({ shared, onChange }: JsonControlProps) {
  const [text, setText] = useState('');
  const write = (element: HTMLTextAreaElement) => {
    setText(element.value);
    try {
      onChange(element.value.trim() === '' ? undefined : JSON.parse(element.value));
      element.setCustomValidity('');
    } catch {
      element.setCustomValidity(texts.form.notJson);
    }
  };
  return (
    <textarea
      {...shared}
      class="input mono"
      spellcheck={false}
      value={text}
      onInput={(event) => write(event.currentTarget)}
    />
  );
}

/** The fields of an object. */
export function Group({ name, schema, root, required, value, onChange }: FieldProps) {
  const given = (value ?? {}) as Record<string, unknown>;
  // What belongs to an object that may be left out is needed only once some of it is there.
  const needed = required || Object.values(given).some((each) => each !== undefined && each !== '');
  return (
    <fieldset class="group">
      {name !== '' && (
        <legend>
          {titleOf(name, schema)}
          {!required && <span class="optional">{texts.form.optional}</span>}
        </legend>
      )}
      {name !== '' && schema.description !== undefined && <p class="hint">{schema.description}</p>}
      {Object.entries(schema.properties ?? {}).map(([key, each]) => (
        <Field
          key={key}
          name={key}
          schema={each}
          root={root}
          required={needed && (schema.required ?? []).includes(key)}
          value={given[key]}
          onChange={(now) => onChange({ ...given, [key]: now })}
        />
      ))}
    </fieldset>
  );
}

/** Some of a few. */
function Choices({ name, schema, value, onChange }: FieldProps) {
  const chosen = Array.isArray(value) ? value : [];
  return (
    <fieldset class="field">
      <legend class="label">{titleOf(name, schema)}</legend>
      <div class="row">
        {(schema.items?.enum ?? []).map((option) => (
          <label key={String(option)} class="check">
            <input
              type="checkbox"
              checked={chosen.includes(option)}
              onChange={({ currentTarget: { checked } }) =>
                onChange(checked ? [...chosen, option] : chosen.filter((each) => each !== option))
              }
            />
            {String(option)}
          </label>
        ))}
      </div>
      {schema.description !== undefined && <span class="hint">{schema.description}</span>}
    </fieldset>
  );
}

const YesNo = ({ name, schema, value, onChange }: FieldProps) => (
  <div class="field">
    <label class="check">
      <input
        type="checkbox"
        checked={value === true}
        onChange={({ currentTarget: { checked } }) => onChange(checked ? true : undefined)}
      />
      {titleOf(name, schema)}
    </label>
    {schema.description !== undefined && <span class="hint">{schema.description}</span>}
  </div>
);

/** Any number of values of one kind. */
function List({ name, schema, root, value, onChange }: FieldProps) {
  const given: unknown[] = Array.isArray(value) ? value : [];
  return (
    <fieldset class="group">
      <legend>{titleOf(name, schema)}</legend>
      {schema.description !== undefined && <p class="hint">{schema.description}</p>}
      {given.map((each, at) => (
        <div key={at} class="row list-entry">
          <Field
            name={texts.form.entry(at + 1)}
            schema={schema.items ?? {}}
            root={root}
            required
            value={each}
            onChange={(now) => onChange(given.with(at, now))}
          />
          <button type="button" class="button tiny" onClick={() => onChange(given.toSpliced(at, 1))}>
            {texts.form.remove}
          </button>
        </div>
      ))}
      <div>
        <button type="button" class="button tiny" onClick={() => onChange([...given, undefined])}>
          {texts.form.add}
        </button>
      </div>
    </fieldset>
  );
}

import { createContext } from 'preact';
import { useContext, useId } from 'preact/hooks';
import { texts } from '../../texts.ts';
import { Control } from './control.tsx';
import { below, isGiven, startOf } from './data.ts';
import type { Problem } from './problems.ts';
import { kindOf, optionsOf, resolved, type Schema, shapeOf, titleOf } from './schema.ts';

interface FormFacts {
  /** Where local references lead. */
  root: Schema;
  /** What is not as the schema wants it. */
  problems: readonly Problem[];
}

export const Form = createContext<FormFacts>({ root: {}, problems: [] });

interface FieldProps {
  name: string;
  /** Where its value stands in the data (RFC 6901). */
  at: string;
  schema: Schema;
  required: boolean;
  /** The references that it stands within. */
  within: readonly string[];
  value: unknown;
  onChange(value: unknown): void;
}

interface ShapedProps extends FieldProps {
  nullable: boolean;
}

/** One value of a schema, asked for in the way that fits it. */
export function Field(props: FieldProps) {
  const { root } = useContext(Form);
  const { schema, nullable } = shapeOf(props.schema, root);
  const { $ref } = props.schema;
  // What holds itself is shown as far as somebody goes into it.
  if ($ref !== undefined && props.within.includes($ref) && props.value === undefined) {
    return <Unopened {...props} schema={schema} />;
  }
  const within = $ref === undefined ? props.within : [...props.within, $ref];
  const own: ShapedProps = { ...props, schema, nullable, within };
  switch (kindOf(schema)) {
    case 'group':
      return nullable ? <Labelled {...own} /> : <Group {...own} />;
    case 'list':
      return nullable ? <Labelled {...own} /> : <List {...own} />;
    case 'choices':
      return nullable ? <Labelled {...own} /> : <Choices {...own} />;
    case 'yes-no':
      // Not ticked is false; where it may be left out or be null, too, there are more than two.
      return props.required && !nullable ? <YesNo {...own} /> : <Labelled {...own} />;
    default:
      return <Labelled {...own} />;
  }
}

const Unopened = ({ name, schema, required, onChange }: FieldProps) => (
  <div class="row">
    <span>
      {titleOf(name, schema)}
      <Optional required={required} />
    </span>
    <button
      type="button"
      class="button tiny"
      aria-label={texts.form.addOne(titleOf(name, schema))}
      onClick={() => onChange(kindOf(schema) === 'list' ? [] : {})}
    >
      {texts.form.add}
    </button>
  </div>
);

const Optional = ({ required }: { required: boolean }) =>
  required ? null : <span class="optional">{texts.form.optional}</span>;

/** What is wrong at a place, and within it where nothing shows that by itself. */
function useProblem(at: string, deep: boolean, schema: Schema): string | undefined {
  const found = useContext(Form).problems.find(
    (problem) => problem.at === at || (deep && problem.at.startsWith(`${at}/`)),
  );
  return found && texts.form.wrong(found, schema);
}

const Wrong = ({ id, text }: { id: string; text: string | undefined }) =>
  text === undefined ? null : (
    <span class="wrong" id={`${id}-wrong`}>
      {text}
    </span>
  );

const Hint = ({ id, text }: { id: string; text: string }) =>
  text === '' ? null : (
    <span class="hint" id={`${id}-hint`}>
      {text}
    </span>
  );

const describedBy = (id: string, hint: string, wrong: string | undefined): string | undefined =>
  [...(hint === '' ? [] : [`${id}-hint`]), ...(wrong === undefined ? [] : [`${id}-wrong`])].join(' ') ||
  undefined;

function Labelled({ name, at, schema, required, nullable, value, onChange }: ShapedProps) {
  const id = useId();
  const wrong = useProblem(at, true, schema);
  const asJson = ['json', 'group', 'list', 'choices'].includes(kindOf(schema));
  const hint = [schema.description, asJson ? texts.form.asJson(schema) : undefined].filter(Boolean).join(' ');
  return (
    <div class="field">
      <label for={id}>
        {titleOf(name, schema)}
        <Optional required={required} />
      </label>
      <Control
        schema={schema}
        asJson={asJson}
        value={value === null ? undefined : value}
        onChange={onChange}
        shared={{
          id,
          disabled: nullable && value === null,
          'aria-required': required,
          'aria-invalid': wrong !== undefined,
          'aria-describedby': describedBy(id, hint, wrong),
        }}
      />
      {nullable && (
        <label class="check small">
          <input
            type="checkbox"
            checked={value === null}
            onChange={({ currentTarget: { checked } }) => onChange(checked ? null : undefined)}
          />
          {texts.form.none}
        </label>
      )}
      <Wrong id={id} text={wrong} />
      <Hint id={id} text={hint} />
    </div>
  );
}

/** The fields of an object. */
function Group({ name, at, schema, required, within, value, onChange }: FieldProps) {
  const id = useId();
  const wrong = useProblem(at, false, schema);
  const given = (value ?? {}) as Record<string, unknown>;
  // What belongs to an object that may be left out is needed only once some of it is there.
  const needed = required || isGiven(given);
  return (
    <fieldset class="group" aria-describedby={describedBy(id, '', wrong)}>
      {name !== '' && (
        <legend>
          {titleOf(name, schema)}
          <Optional required={required} />
        </legend>
      )}
      {name !== '' && schema.description !== undefined && <p class="hint">{schema.description}</p>}
      {Object.entries(schema.properties ?? {}).map(([key, each]) => (
        <Field
          key={key}
          name={key}
          at={below(at, key)}
          schema={each}
          required={needed && (schema.required ?? []).includes(key)}
          within={within}
          value={given[key]}
          onChange={(now) => onChange({ ...given, [key]: now })}
        />
      ))}
      <Wrong id={id} text={wrong} />
    </fieldset>
  );
}

/** Some of a few. */
function Choices({ name, at, schema, required, value, onChange }: FieldProps) {
  const id = useId();
  const wrong = useProblem(at, true, schema);
  const chosen = Array.isArray(value) ? value : [];
  const hint = [schema.description, texts.form.items(schema)].filter(Boolean).join(' ');
  return (
    <fieldset class="field" aria-describedby={describedBy(id, hint, wrong)}>
      <legend class="label">
        {titleOf(name, schema)}
        <Optional required={required} />
      </legend>
      <div class="row">
        {(optionsOf(schema.items ?? {}) ?? []).map((option) => (
          <label key={String(option)} class="check">
            <input
              type="checkbox"
              aria-invalid={wrong !== undefined}
              checked={chosen.includes(option)}
              onChange={({ currentTarget: { checked } }) =>
                onChange(checked ? [...chosen, option] : chosen.filter((each) => each !== option))
              }
            />
            {String(option)}
          </label>
        ))}
      </div>
      <Wrong id={id} text={wrong} />
      <Hint id={id} text={hint} />
    </fieldset>
  );
}

function YesNo({ name, at, schema, value, onChange }: FieldProps) {
  const id = useId();
  const wrong = useProblem(at, true, schema);
  const hint = schema.description ?? '';
  return (
    <div class="field">
      <label class="check">
        <input
          type="checkbox"
          aria-invalid={wrong !== undefined}
          aria-describedby={describedBy(id, hint, wrong)}
          checked={value === true}
          onChange={({ currentTarget: { checked } }) => onChange(checked ? true : undefined)}
        />
        {titleOf(name, schema)}
      </label>
      <Wrong id={id} text={wrong} />
      <Hint id={id} text={hint} />
    </div>
  );
}

/** Any number of values of one kind. */
function List({ name, at, schema, required, value, onChange }: FieldProps) {
  const id = useId();
  const { root } = useContext(Form);
  const wrong = useProblem(at, false, schema);
  const given: unknown[] = Array.isArray(value) ? value : [];
  const hint = [schema.description, texts.form.items(schema)].filter(Boolean).join(' ');
  const items = resolved(schema.items ?? {}, root);
  return (
    <fieldset class="group" aria-describedby={describedBy(id, hint, wrong)}>
      <legend>
        {titleOf(name, schema)}
        <Optional required={required} />
      </legend>
      <Hint id={id} text={hint} />
      {given.map((each, index) => (
        <div key={index} class="row list-entry">
          <Field
            name={texts.form.entry(index + 1)}
            at={below(at, index)}
            schema={items}
            required
            within={[]}
            value={each}
            onChange={(now) => onChange(given.with(index, now))}
          />
          <button type="button" class="button tiny" onClick={() => onChange(given.toSpliced(index, 1))}>
            {texts.form.remove}
          </button>
        </div>
      ))}
      <div>
        <button
          type="button"
          class="button tiny"
          aria-invalid={wrong === undefined ? undefined : true}
          aria-describedby={describedBy(id, hint, wrong)}
          onClick={() => onChange([...given, startOf(items, root)])}
        >
          {texts.form.add}
        </button>
      </div>
      <Wrong id={id} text={wrong} />
    </fieldset>
  );
}

import type { ComponentChildren } from "preact";

import { Problems } from "../components/problems.tsx";
import { limitsOf, type Schema } from "../state/schema.ts";

export interface SchemaFieldProps {
  readonly path: string;
  readonly schema: Schema;
  readonly isRequired: boolean;
  readonly value: string;
  /** Values to choose from, where the page knows some. */
  readonly known?: readonly string[];
  readonly problems: readonly string[];
  readonly onInput: (value: string) => void;
  /** What else can fill it in. */
  readonly children?: ComponentChildren;
}

/** One field of a request: its meaning, its limits, and what the server says is wrong with it. */
export function SchemaField(props: SchemaFieldProps) {
  const { path, schema, isRequired, problems, children } = props;
  const id = `field-${path}`;
  const limits = limitsOf(schema);
  return (
    <div class="field">
      <label for={id}>
        {path}
        {isRequired && <span class="quiet"> (needed)</span>}
      </label>
      <Input {...props} id={id} />
      <p id={`${id}-meaning`} class="quiet meaning">
        {[schema.description, limits].filter(Boolean).join("; ")}
      </p>
      {children}
      <Problems problems={problems} />
    </div>
  );
}

function Input(props: SchemaFieldProps & { readonly id: string }) {
  const { id, schema, value, known, problems, onInput } = props;
  const choices = choicesOf(schema);
  const shared = {
    id,
    "aria-describedby": `${id}-meaning`,
    "aria-invalid": problems.length > 0,
  };
  if (choices !== null) {
    return (
      <select {...shared} value={value} onChange={(event) => onInput(event.currentTarget.value)}>
        <option value="">{defaultText(schema) || "not given"}</option>
        {choices.map((choice) => (
          <option key={choice} value={choice}>
            {choice}
          </option>
        ))}
      </select>
    );
  }
  return (
    <>
      <input
        {...shared}
        value={value}
        placeholder={defaultText(schema)}
        autocomplete="off"
        spellcheck={false}
        list={known === undefined ? undefined : `${id}-known`}
        onInput={(event) => onInput(event.currentTarget.value)}
      />
      {known !== undefined && (
        <datalist id={`${id}-known`}>
          {known.map((each) => (
            <option key={each} value={each} />
          ))}
        </datalist>
      )}
    </>
  );
}

function choicesOf(schema: Schema): readonly string[] | null {
  if (schema.type === "boolean") return ["true", "false"];
  return schema.enum?.map(String) ?? null;
}

function defaultText({ default: value }: Schema): string {
  if (value === undefined) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}

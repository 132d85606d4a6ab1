/** Markup that may stand in a page as it is. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

type Interpolated = string | number | Html | readonly Html[] | null;

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/**
 * Markup from a template. What is put in is text, whatever it looks like, unless it is `Html`:
 * names come from files, and a page obeys what it is sent. Attributes have to be in quotes.
 */
export function html(parts: TemplateStringsArray, ...values: readonly Interpolated[]): Html {
  const text = parts.map((part, i) => part + asMarkup(values[i] ?? null));
  return new Html(text.join(""));
}

/** A value as the contents of `<script type="application/json">`, which nothing in it can end. */
export function jsonBlock(value: unknown): Html {
  return new Html(JSON.stringify(value).replaceAll("<", String.raw`\u003c`));
}

function asMarkup(value: Interpolated): string {
  if (value === null) return "";
  if (value instanceof Html) return value.text;
  if (typeof value === "object") return value.map(({ text }) => text).join("");
  return String(value).replaceAll(/[&<>"']/g, (character) => ESCAPES[character]!);
}

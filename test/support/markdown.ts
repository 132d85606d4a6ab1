/** Texts of the headings, in order; none of what stands in code. */
export function headings(markdown: string): string[] {
  return [...prose(markdown).matchAll(/^#+ (.*)$/gm)].map(([, heading]) => heading ?? "");
}

/** The address of a heading within its document, as GitHub makes it. */
export function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\w\- ]/g, "")
    .replaceAll(" ", "-");
}

export interface Link {
  /** Of a picture: what it says in its place. */
  readonly text: string;
  readonly to: string;
  readonly isPicture: boolean;
}

export function linksIn(markdown: string): Link[] {
  const links = prose(markdown).matchAll(/(!?)\[([^\][]*)\]\(([^)\s]+)\)/g);
  return [...links].map(([, mark, text = "", to = ""]) => ({ text, to, isPicture: mark === "!" }));
}

/** Cells of the tables' rows that begin with a name in code, by that name; the name left out. */
export function rowsByName(markdown: string): Map<string, string[]> {
  const rows = markdown.matchAll(/^\| `(\w+)`[^|]*\|(.*)\|$/gm);
  return new Map(
    [...rows].map(([, name = "", cells = ""]) => [
      name,
      cells.split(/(?<!\\)\|/).map((cell) => cell.trim()),
    ]),
  );
}

function prose(markdown: string): string {
  return markdown.replaceAll(/^```[\s\S]*?^```/gm, "");
}

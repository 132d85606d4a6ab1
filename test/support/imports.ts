import { dirname, join, normalize } from "node:path";

/** What a file imports. */
export interface Import {
  readonly from: string;
  readonly to: string;
  readonly isLocal: boolean;
}

/** @param from path of the file */
export function importsOf(from: string, text: string): Import[] {
  return [...text.matchAll(/(?:\b(?:from|import)\s+|\bimport\()"([^"]+)"/g)].map((match) => {
    const specifier = match[1]!;
    const isLocal = specifier.startsWith(".");
    return { from, to: isLocal ? normalize(join(dirname(from), specifier)) : specifier, isLocal };
  });
}

/** Files that import each other in a circle, types included, the first named twice; or `null`. */
export function circleAmong(found: readonly Import[]): readonly string[] | null {
  const imported = new Map<string, string[]>();
  for (const { from, to } of found) imported.set(from, [...(imported.get(from) ?? []), to]);
  const cleared = new Set<string>();
  const search = (file: string, above: readonly string[]): readonly string[] | null => {
    if (above.includes(file)) return [...above.slice(above.indexOf(file)), file];
    if (cleared.has(file)) return null;
    for (const to of imported.get(file) ?? []) {
      const circle = search(to, [...above, file]);
      if (circle !== null) return circle;
    }
    cleared.add(file);
    return null;
  };
  for (const file of imported.keys()) {
    const circle = search(file, []);
    if (circle !== null) return circle;
  }
  return null;
}

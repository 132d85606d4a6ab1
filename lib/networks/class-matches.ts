import { comparable, SYNSET_ID } from "./labels.ts";

/**
 * The classes, 0-based, that each name of another list of classes may stand for: those that share a
 * synonym with it. Case, and `_` or `-` for a space, make no difference. A name that several
 * classes bear ("crane", the bird and the machine) stands for all of them.
 *
 * @param labels one class each, synonyms separated by commas, with or without a WordNet id in front
 * @returns for a name, its classes; empty where none bears it
 */
export function classMatcher(labels: readonly string[]): (name: string) => ReadonlySet<number> {
  const classes = new Map<string, Set<number>>();
  labels.forEach((label, index) => {
    for (const synonym of synonymsOf(label)) {
      classes.set(synonym, (classes.get(synonym) ?? new Set()).add(index));
    }
  });
  return (name) => new Set(synonymsOf(name).flatMap((each) => [...(classes.get(each) ?? [])]));
}

function synonymsOf(label: string): string[] {
  return label
    .trim()
    .replace(SYNSET_ID, "")
    .split(",")
    .map(comparable)
    .filter((synonym) => synonym !== "");
}

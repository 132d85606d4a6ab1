import type { NetworkDescription } from "./description.ts";
import { didYouMean } from "./did-you-mean.ts";
import { ClassNameError } from "./errors.ts";
import type { Layer } from "./layers.ts";
import { layersBehind } from "./layers-behind.ts";

/** A WordNet id in front of ImageNet's names, as in `n01440764 tench, Tinca tinca`. */
export const SYNSET_ID = /^n\d{8}\s+/;

/**
 * Class names, one a line, the first line being channel 1. Of a line of `synset_words.txt` the
 * first synonym is the name: "tench".
 */
export function parseLabels(text: string): string[] {
  return text
    .trimEnd()
    .split("\n")
    .map((line) => {
      const name = line.trim();
      return SYNSET_ID.test(name) ? firstSynonym(name.replace(SYNSET_ID, "")) : name;
    });
}

/**
 * The 1-based channel of a class. Case, and `_` or `-` for a space, make no difference; where the
 * labels list synonyms ("tench, Tinca tinca"), the first will do.
 *
 * @throws ClassNameError with the nearest names, or with the channels a name is ambiguous between
 */
export function classChannel(labels: readonly string[], name: string): number {
  const wanted = comparable(name);
  const { whole, first } = namesOf(labels);
  const channels = whole.get(wanted) ?? first.get(wanted) ?? [];
  const [channel] = channels;
  if (channel === undefined) {
    const remedy = didYouMean(name, labels) || "see the network's labels file";
    throw new ClassNameError(`no class is called '${name}' among ${labels.length}; ${remedy}`);
  }
  if (channels.length > 1) {
    throw new ClassNameError(
      `${channels.length} classes are called '${name}'; give the channel number: ${channels.join(" or ")}`,
    );
  }
  return channel;
}

/** Whether a class, or several, are called so: `classChannel` says which. */
export function isClassName(labels: readonly string[], name: string): boolean {
  const { whole, first } = namesOf(labels);
  return whole.has(comparable(name)) || first.has(comparable(name));
}

/** Names as lines of a labels file, which they become; `null` where one is none. */
export function asLabels(names: readonly string[]): readonly string[] | null {
  const lines = names.map((name) => name.replaceAll(/\s+/g, " ").trim());
  return lines.length > 0 && lines.every(Boolean) ? lines : null;
}

/** Why the names of a network's classes are not known, where they are not. */
export function whyNoLabels({ id, labels }: Pick<NetworkDescription, "id" | "labels">): string {
  const file = labels === null ? "" : `: its file ${labels} is not there`;
  return `the class names of '${id}' are not known${file}`;
}

/**
 * Class names belong to a layer with one channel for each, behind which nothing is learned: what
 * follows of it, a softmax, the largest of all, has no weights.
 */
export function classNamesOf(
  layer: Layer,
  layers: readonly Layer[],
  labels: readonly string[] | null,
): readonly string[] | null {
  if (labels === null || layer.channels !== labels.length) return null;
  const isEnd = layersBehind(layer, layers).every(({ learnableCount }) => learnableCount === 0);
  return isEnd ? labels : null;
}

export interface ClassName {
  /** 1-based. */
  readonly channel: number;
  readonly name: string;
}

/**
 * The classes of these channels; all of them where none is named.
 *
 * @param channels 1-based
 * @throws ClassNameError for a channel without a class
 */
export function classesOf(
  labels: readonly string[],
  channels: readonly number[] = [],
): readonly ClassName[] {
  const wanted = channels.length > 0 ? channels : labels.map((_, index) => index + 1);
  return wanted.map((channel) => {
    const name = labels[channel - 1];
    if (name !== undefined) return { channel, name };
    throw new ClassNameError(`there is no class ${channel}; wanted 1 to ${labels.length}`);
  });
}

/** Channels by what the labels, and their first synonyms, are compared by. */
interface ClassNames {
  readonly whole: ReadonlyMap<string, readonly number[]>;
  readonly first: ReadonlyMap<string, readonly number[]>;
}

/** A request may name thousands. */
const namesByLabels = new WeakMap<readonly string[], ClassNames>();

function namesOf(labels: readonly string[]): ClassNames {
  const known = namesByLabels.get(labels);
  if (known !== undefined) return known;
  const names = {
    whole: channelsBy(labels.map(comparable)),
    first: channelsBy(labels.map((label) => comparable(firstSynonym(label)))),
  };
  namesByLabels.set(labels, names);
  return names;
}

function channelsBy(names: readonly string[]): Map<string, number[]> {
  const channels = new Map<string, number[]>();
  for (const [i, name] of names.entries()) {
    const same = channels.get(name);
    if (same === undefined) channels.set(name, [i + 1]);
    else same.push(i + 1);
  }
  return channels;
}

/** As names of classes are compared: case, and `_` or `-` for a space, make no difference. */
export function comparable(name: string): string {
  return name
    .trim()
    .toLowerCase()
    .replace(/[\s_-]+/g, " ");
}

/** "tiger" of ImageNet's "tiger, Panthera tigris": the name to show. */
export function firstSynonym(label: string): string {
  return (label.split(",")[0] ?? label).trim();
}

import type { Model, Node } from "../onnx/model.ts";
import { asLabels } from "./labels.ts";

/** What exporters call class names in a file's metadata: Ultralytics's first. */
const KEYS = ["names", "class_names"];

/**
 * Names of a network's classes, channel 1 first, where its file says them: in its metadata, as the
 * exporters of YOLO write a Python dictionary or others JSON, or in a node that gives each score its
 * name; `null` where it says none, or not one for each class.
 */
export function classNamesIn({ graph, metadata }: Model): readonly string[] | null {
  const written = KEYS.flatMap((key) => metadata.get(key) ?? []).map(namesWritten);
  const found = [...written, ...graph.nodes.map(namesOfScores)].find((names) => names !== null);
  return asLabels(found ?? []);
}

/** A text in quotes, either of which Python takes; with a bound, as a file may be hostile. */
const QUOTED = /"((?:[^"\\]|\\.){0,500})"|'((?:[^'\\]|\\.){0,500})'/.source;
/** `{0: 'person', 1: "shepherd's dog"}`: an index, which JSON has in quotes too, and its name. */
const ENTRY = new RegExp(`(\\d{1,6})["']?\\s{0,9}:\\s{0,9}(?:${QUOTED})`, "g");
const ITEM = new RegExp(QUOTED, "g");

function namesWritten(text: string): readonly string[] | null {
  if (text.trimStart().startsWith("[")) {
    return [...text.matchAll(ITEM)].map(([, double, single]) => unescaped(double ?? single!));
  }
  const entries = [...text.matchAll(ENTRY)].map(
    ([, index, double, single]) => [Number(index), unescaped(double ?? single!)] as const,
  );
  return inOrder(entries);
}

/** As JSON and Python escape alike. */
function unescaped(text: string): string {
  const characters = text.replaceAll(/\\u([0-9a-fA-F]{4})/g, (_, code: string) =>
    String.fromCharCode(Number.parseInt(code, 16)),
  );
  return characters.replaceAll(/\\(.)/g, (_, escaped: string) =>
    "nrt".includes(escaped) ? " " : escaped,
  );
}

/** Of ONNX's operators on classes: a map from names to scores, or the name of the largest. */
function namesOfScores({ domain, op, attributes }: Node): readonly string[] | null {
  if (domain !== "ai.onnx.ml") return null;
  if (op === "ZipMap") return texts(attributes["classlabels_strings"]);
  if (op !== "LabelEncoder") return null;
  const [keys, values] = [attributes["keys_int64s"], texts(attributes["values_strings"])];
  if (!Array.isArray(keys) || values?.length !== keys.length) return null;
  return inOrder(keys.map((key, i) => [Number(key), values[i]!] as const));
}

function texts(value: unknown): readonly string[] | null {
  const isTexts = Array.isArray(value) && value.every((item) => typeof item === "string");
  return isTexts && value.length > 0 ? value : null;
}

/** Names by their classes, of which each from 0 on has one; `null` if that is not so. */
function inOrder(entries: readonly (readonly [number, string])[]): readonly string[] | null {
  const names = new Map(entries);
  const all = [...names.keys()].every((index) => index < names.size);
  if (names.size === 0 || names.size !== entries.length || !all) return null;
  return Array.from({ length: names.size }, (_, index) => names.get(index)!);
}

import { basename } from "node:path";

import type { LayerWithChannels } from "../../lib/networks/layers.ts";
import { MAX_TITLE_LENGTH } from "../../lib/pipeline/limits.ts";
import { isMap, localTargets } from "../../lib/pipeline/request/fields/targets.ts";
import { parseLocalRequest } from "../../lib/pipeline/request/request.ts";
import { suggestionsOf, USUAL_PRESET } from "../../lib/pipeline/request/suggestion.ts";
import type { RecipeFields, Suggestion } from "../../lib/pipeline/request/suggestion-schema.ts";
import type { InputFlags } from "./input-options.ts";
import { openLayer } from "./network.ts";
import type { NamedRequest } from "./check-run.ts";
import { givenFields, onlyMethodOf } from "./request-options.ts";
import type { Terminal } from "./terminal.ts";
import { UsageError } from "./user-errors.ts";

/** Channels that are drawn where none are named: a sheet of six by six. */
const MOST_CHANNELS = 36;

/** `dream`'s options for a request without a file. */
export interface ShortFlags extends InputFlags {
  /** Name or 1-based index. */
  readonly layer: string;
  readonly channels?: readonly string[];
}

/**
 * The request of `dreamgrid dream NETWORK --layer L`. Method and preset follow from the layer where
 * they are left out, the method from fields that only one has.
 *
 * @throws RequestError; LayerNotFoundError; NetworkError; UsageError
 */
export async function shortRequest(
  networks: readonly string[],
  flags: ShortFlags,
  terminal: Terminal,
): Promise<NamedRequest> {
  const [network] = networks;
  if (network === undefined || networks.length > 1) {
    const swallowed =
      flags.channels === undefined
        ? ""
        : ", as all words after --channels are channels: name the network before it";
    const given = network === undefined ? swallowed : `: ${networks.join(", ")}`;
    throw new UsageError(
      `with --layer, dream takes one network, its id or the path of its .onnx file; given ${networks.length}${given}`,
    );
  }
  const fields = givenFields({ ...flags });
  const { channelAxis: given } = fields;
  const channelAxis = typeof given === "number" ? given : undefined;
  const opened = await openLayer({ network, layer: flags.layer, channelAxis }, terminal, flags);
  const { layer } = opened;
  const chosen = recipeFields(fields, suggestionsOf(opened)(layer));
  const request = parseLocalRequest({
    network,
    layer: layer.index,
    ...(flags.channels === undefined && fields["targets"] !== undefined
      ? {}
      : { channels: channelsOf(flags.channels, layer.channels) }),
    ...withGiven(withNumbers(chosen), fields),
  });
  const safeName = sheetName(network, layer.name);
  const preset = request.method === "fourier" ? `, preset ${request.preset}` : "";
  const how = chosen.isOwn ? ", the network's own recipe" : preset;
  const notice = `${safeName}: method ${request.method}${how}, as layer '${layer.name}' ${chosen.reason}; --method and --preset choose others`;
  return { name: safeName, request, notice: chosen.reason === null ? null : notice };
}

/** Channels of a layer that a command chose to draw. */
export interface ChosenChannels {
  /** Of the results. */
  readonly name: string;
  /** Of the sheet. @default as the request's */
  readonly title?: string;
  /** Id or path. */
  readonly network: string;
  readonly layer: LayerWithChannels;
  /** 1-based. */
  readonly channels: readonly number[];
}

/** The request that draws them as is suggested for their layer. */
export function channelsRequest(
  { name, title, network, layer, channels }: ChosenChannels,
  suggestion: Pick<Suggestion, "fields" | "isOwn">,
): NamedRequest {
  const recipe = withNumbers(suggestion);
  const montage = {
    ...Object(recipe["montage"]),
    ...(title !== undefined && { title: sheetTitle(title) }),
  };
  const what = { network, layer: layer.index, channels, verbose: false };
  return { name, request: parseLocalRequest({ ...what, ...recipe, montage }), notice: null };
}

/** Bytes: file systems take names of 255, and results add endings to theirs. */
const LONGEST_NAME = 200;
/** Of one that is cut in the middle: layers that are alike differ at the end. */
const KEPT_BEGINNING = 60;

/**
 * What the results of a layer are called where no request file gives them a name: in letters of any
 * script, with `_` for what a file's name or a shell has trouble with.
 */
export function sheetName(network: string, layer: string): string {
  const whole = `${basename(network).replace(/\.onnx$/i, "")}-${layer}`.normalize("NFC");
  const name = whole.replaceAll(/(?:[\p{C}\p{Z}]|(?![\w.-])\p{ASCII})+/gu, "_");
  if (Buffer.byteLength(name) <= LONGEST_NAME) return name;
  const letters = Array.from(name);
  const end = beginning(letters.toReversed(), LONGEST_NAME - KEPT_BEGINNING - 1).toReversed();
  return [...beginning(letters, KEPT_BEGINNING), "_", ...end].join("");
}

/** A title, cut to what a request may have: layers and photographs may have long names. */
export function sheetTitle(title: string): string {
  if (title.length <= MAX_TITLE_LENGTH) return title;
  // no half of a letter that has two
  return `${title.slice(0, MAX_TITLE_LENGTH - 3).replace(/[\uD800-\uDBFF]$/, "")}...`;
}

/** The first letters, of so many bytes at most. */
function beginning(letters: readonly string[], mostBytes: number): readonly string[] {
  let bytes = 0;
  const after = letters.findIndex((letter) => (bytes += Buffer.byteLength(letter)) > mostBytes);
  return after < 0 ? letters : letters.slice(0, after);
}

/**
 * The same of several layers. Names that differ only in what no file's name can have, or in the
 * case of letters, get the layers' indices.
 */
export function sheetNames(
  network: string,
  layers: readonly { readonly name: string; readonly index: number }[],
): readonly string[] {
  const names = layers.map(({ name }) => sheetName(network, name));
  const alike = names.map((name) => name.toLowerCase());
  return names.map((name, i) =>
    alike.indexOf(alike[i]!) === i ? name : `${name}-${layers[i]!.index}`,
  );
}

type Fields = Readonly<Record<string, unknown>>;

/** What is added to the fields given. */
interface Chosen {
  readonly fields: Partial<RecipeFields>;
  /** Why, where something of it was not asked for. */
  readonly reason: string | null;
  readonly isOwn?: boolean;
}

function recipeFields(given: Fields, suggestion: Suggestion): Chosen {
  const { method, preset } = given;
  // a preset is the Fourier method's
  if (preset !== undefined) return { fields: { method: "fourier" }, reason: null };
  const wanted = method ?? onlyMethodOf(given) ?? suggestion.fields.method;
  const isMoreSaid = method === undefined || Object.keys(suggestion.fields).length > 1;
  if (wanted === suggestion.fields.method && isMoreSaid) return suggestion;
  if (wanted !== "fourier") return { fields: {}, reason: null };
  return { fields: { method: wanted, preset: USUAL_PRESET }, reason: suggestion.reason };
}

/**
 * The fields of a recipe, and numbers on the sheet as the other method's have them where nobody
 * asked for deepDreamImage's ascent, and so for sheets like MATLAB's.
 */
function withNumbers({ fields, isOwn }: Pick<Chosen, "fields" | "isOwn">): Fields {
  if (isOwn || fields.method !== "deepdream") return fields;
  return { ...fields, montage: { labels: "numbers" } };
}

/** Fields that say how a map is raised: with them, targets that are no map are refused. */
export const OF_MAPS: ReadonlySet<string> = new Set(["contrast", "objective"]);

/** Fields whose parts are options of their own. */
const IN_PARTS = ["cropFraction", "montage"];

/** The fields that are given, and those of a recipe that go with them. */
function withGiven(recipe: Fields, given: Fields): Fields {
  const { data: targets } = localTargets.safeParse(given["targets"]);
  const isOfMaps = targets === undefined || targets.some(isMap);
  const others = Object.entries(recipe).filter(([name]) => isOfMaps || !OF_MAPS.has(name));
  const parts = IN_PARTS.filter((name) => given[name] !== undefined).map((name) => [
    name,
    { ...Object(recipe[name]), ...Object(given[name]) },
  ]);
  return { ...Object.fromEntries(others), ...given, ...Object.fromEntries(parts) };
}

function channelsOf(words: readonly string[] | undefined, count: number): unknown {
  if (words === undefined) return `1:${Math.min(count, MOST_CHANNELS)}`;
  const [first] = words;
  if (words.length === 1 && first === "all") return first;
  // "1,2,5": no class is called so
  const parts = words.flatMap((word) =>
    /^[\d:,]+$/.test(word) ? word.split(",").filter((part) => part !== "") : [word],
  );
  return parts.map((part) => (/^\d+$/.test(part) ? Number(part) : part));
}

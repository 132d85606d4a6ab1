import * as z from "zod";

import { formatRange } from "./channel-ranges.ts";
import { completeFourierFields } from "./fields/fourier.ts";
import { deepdreamSchema, fourierSchema } from "./request.ts";
import { summedOfKey } from "./summed-channels.ts";

/** As much of a request in normal form, and of what it resolved to, as is needed. */
interface LongRequest {
  readonly request: { readonly method: string };
  readonly layer: { readonly name: string };
  readonly otherLayers?: readonly NamedLayer[] | undefined;
  readonly presetForm: object | null;
  readonly eachForm?: object | undefined;
}

/** Fields that stay even with their default: what is left out follows from them. */
const ALWAYS: ReadonlySet<string> = new Set(["method", "preset"]);

/** The parameters that a preset stands for. */
const IN_PRESET = Object.keys(completeFourierFields).filter(
  (name) => !["method", "objective", "fadeTo", "outputScaling"].includes(name),
);

/**
 * The same request with the fewest fields, as a person would write it: with the layers' names,
 * without defaults, and with a preset in place of its parameters, `"each"` in place of all places.
 */
export function shortestRequest({
  request,
  layer,
  otherLayers = [],
  presetForm,
  eachForm,
}: LongRequest): Readonly<Record<string, unknown>> {
  const { shape } = request.method === "deepdream" ? deepdreamSchema : fourierSchema;
  const fields: Record<string, unknown> = { ...request, ...eachForm, layer: layer.name };
  if (otherLayers.length > 0) fields["targets"] = withNames(fields["targets"], otherLayers);
  if (presetForm !== null) {
    for (const name of IN_PRESET) delete fields[name];
    Object.assign(fields, presetForm);
  }
  const kept = Object.entries(fields).flatMap(([name, value]): [string, unknown][] => {
    if (ALWAYS.has(name)) return [[name, value]];
    const schema: z.ZodType | undefined = Reflect.get(shape, name);
    const rest = beyond(value, schema?.safeParse(undefined).data);
    return rest === undefined ? [] : [[name, rest]];
  });
  return Object.fromEntries(kept);
}

interface NamedLayer {
  /** 1-based. */
  readonly index: number;
  readonly name: string;
}

/** Targets in normal form, with the names of the layers that their sums are over. */
function withNames(targets: unknown, others: readonly NamedLayer[]): unknown {
  const named = (key: string) => {
    const { layer, channel } = summedOfKey(key);
    const name = others.find(({ index }) => index === layer)?.name;
    // digits alone would be an index
    return name === undefined || /^\d+$/.test(name) ? key : `${name}:${channel}`;
  };
  if (!Array.isArray(targets)) return targets;
  return targets.map((target: unknown) => {
    if (!isObject(target) || !isObject(target["channels"])) return target;
    const sum = Object.entries(target["channels"]).map(([key, weight]) => [named(key), weight]);
    return { ...target, channels: Object.fromEntries(sum) };
  });
}

/** A request whose channels, three or more in a row, are written as a range. */
export function withRange(request: Readonly<Record<string, unknown>>) {
  const channels = z.array(z.int()).min(3).safeParse(request["channels"]).data ?? [];
  const [first = 0] = channels;
  const isRun = channels.length > 0 && channels.every((channel, i) => channel === first + i);
  return isRun ? { ...request, channels: formatRange({ first, last: channels.at(-1)! }) } : request;
}

/** What of a value is not the default's; `undefined` for nothing. */
function beyond(value: unknown, usual: unknown): unknown {
  if (JSON.stringify(value) === JSON.stringify(usual)) return undefined;
  if (!isObject(value) || !isObject(usual)) return value;
  const fields = Object.entries(value).filter(
    ([name, inner]) => JSON.stringify(inner) !== JSON.stringify(usual[name]),
  );
  return fields.length === 0 ? undefined : Object.fromEntries(fields);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

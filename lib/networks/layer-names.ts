import type { Node, Value } from "../onnx/model.ts";
import { firstOutput } from "../onnx/node.ts";

/** Names by which a layer is shown and found. */
export interface LayerNames {
  readonly name: string;
  readonly aliases: readonly string[];
  /** What the layer is part of, as its name says it: `layer1.0` of `layer1.0.conv1`; or "". */
  readonly module: string;
}

/**
 * A name as lookups compare it: `/`, `-` and `.` are the same, at the front they do not count, and
 * neither does a trailing `_1`.
 */
export function canonicalName(name: string): string {
  return name
    .replaceAll(/[/.-]+/g, "-")
    .replace(/^-/, "")
    .replace(/_1$/, "");
}

/**
 * Gives layers their names in graph order.
 *
 * A name is the module's path where that is known. Else it comes from the node's own name, else its
 * weight's (`fire2/squeeze1x1_w_0`), else its output tensor's; names that exporters count up
 * (`Conv_12`, `onnx::Relu_193`, `487`) come last. It is shown as MATLAB does, with `-` for `/`.
 * Caffe's in-place layers share their tensor's name but for the number: the first keeps the stem,
 * the others add their operator (`conv1-7x7_s2-relu`).
 */
export class LayerNamer {
  readonly #taken = new Set<string>();
  /** The number that the next layer of a name already taken is tried with. */
  readonly #next = new Map<string, number>();

  /**
   * @param weight Name of the layer's first weight in the file, if it has one.
   * @param path What its module is called, if that is known.
   */
  name(node: Node, weight: Value | null, path: string | null): LayerNames {
    const stem = weight === null ? null : weightStem(weight);
    const preferred = path ?? this.#preferred(node, stem);
    const name = this.#unused(displayed(preferred), node.op);
    this.#taken.add(name);
    const aliases = new Set([node.name, stem ?? "", firstOutput(node)]);
    aliases.delete("");
    aliases.delete(name);
    return { name, aliases: [...aliases], module: moduleOf(preferred) };
  }

  #preferred(node: Node, stem: string | null): string {
    const output = firstOutput(node);
    const candidates = [node.name, stem ?? "", this.#withoutVersion(output)].filter(Boolean);
    return candidates.find((name) => !isCountedUp(name, node.op)) ?? candidates[0] ?? output;
  }

  /** `conv1/7x7_s2_1`, and `conv1/7x7_s2_2` once the former is there, without the number. */
  #withoutVersion(output: Value): string {
    const stem = output.replace(/_\d+$/, "");
    return output.endsWith("_1") || this.#taken.has(displayed(stem)) ? stem : output;
  }

  #unused(stem: string, op: string): string {
    const named = this.#taken.has(stem) ? `${stem}-${op.toLowerCase()}` : stem;
    let name = named;
    let number = this.#next.get(named) ?? 2;
    for (; this.#taken.has(name); number++) name = `${named}-${number}`;
    this.#next.set(named, number);
    return name;
  }
}

/** All steps of a path but the last; slashes part them, or where there is none, dots. */
function moduleOf(path: string): string {
  const separator = path.includes("/") ? "/" : ".";
  const whole = path.slice(0, Math.max(path.lastIndexOf(separator), 0));
  const steps = whole.slice(0, MOST_READ).split(separator);
  return displayed(steps.filter(Boolean).join("."));
}

function displayed(name: string): string {
  const shown = name.replace(/^\/+/, "").slice(0, MOST_SHOWN);
  return shown.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]/gu, "?").replaceAll("/", "-");
}

/** Characters of a name that are shown; a request's may have no more. A file's may be megabytes. */
const MOST_SHOWN = 256;
/** Of a path, of which some may be slashes. */
const MOST_READ = 4 * MOST_SHOWN;

/** "features.0" of "features.0.weight", "conv1/7x7_s2" of "conv1/7x7_s2_w_0"; `null` for others. */
function weightStem(weight: Value): string | null {
  const named = /^(.+?)[._/](?:weights?|kernel|gamma|scale|[wW])(?:_\d+)?(?::\d+)?$/.exec(weight);
  return named?.[1] ?? null;
}

/** Whether an exporter made the name up by counting. */
function isCountedUp(name: string, op: string): boolean {
  return (
    /^(?:onnx::\w+_|node_|n)?\d+$/.test(name) || (name.startsWith(`${op}_`) && /_\d+$/.test(name))
  );
}

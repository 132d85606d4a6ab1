import type { AxisField } from "../../lib/networks/axis-field.ts";
import { receptiveFields } from "../../lib/networks/receptive-field.ts";
import { decodeModel } from "../../lib/onnx/decode.ts";
import type { Node } from "../../lib/onnx/model.ts";
import { specialise } from "../../lib/onnx/static-graph.ts";
import type { Tensor } from "../../lib/onnx/tensor.ts";
import { Interpreter64 } from "./float64/interpreter.ts";
import type { Tensor64 } from "./float64/tensor64.ts";
import { sketch, writeModel } from "./onnx-writer.ts";
import { uniform } from "./random.ts";

/** The image, [N, C, rows, columns]. */
export const IMAGE = [1, 2, 17, 22] as const;
const [, , ROWS, COLUMNS] = IMAGE;
const PIXELS = { rows: ROWS, columns: COLUMNS };

/** Of a network of an image x, whose last value is y. */
export function fixed(nodes: readonly Node[], initializers: Readonly<Record<string, Tensor>>) {
  const graph = sketch({ inputs: { x: [...IMAGE] }, nodes, outputs: ["y"], initializers });
  return specialise(decodeModel(writeModel(graph, 18)), [...IMAGE]);
}

type Graph = ReturnType<typeof fixed>;

/** Of positions along an axis, which pixels of the image each depends on. */
type Pixels = ReadonlyMap<number, ReadonlySet<number>>;

/** Which rows (or columns) of the image the positions along an axis of y change with. */
function influences(graph: Graph, axis: number, imageAxis: AxisField["imageAxis"]): Pixels {
  const interpreter = new Interpreter64(graph);
  const run = (data: Float64Array) => interpreter.run(data, new Set(["y"])).get("y")!;
  const found = new Map<number, Set<number>>();
  // maxima are of one of their window: another image has another
  for (const seed of [1, 2, 3]) {
    const image = Float64Array.from(uniform(IMAGE, seed, [0.5, 1.5]).data);
    const before = run(image);
    for (let r = 0; r < PIXELS[imageAxis]; r++) {
      const moved = image.map((value, i) => {
        const at = imageAxis === "rows" ? Math.floor(i / COLUMNS) % ROWS : i % COLUMNS;
        return at === r ? 3 * value + 0.1 : value;
      });
      for (const p of changedAlong(before, run(moved), axis)) {
        found.set(p, (found.get(p) ?? new Set()).add(r));
      }
    }
  }
  return found;
}

function changedAlong(before: Tensor64, after: Tensor64, axis: number): ReadonlySet<number> {
  const { shape, data } = before;
  const stride = shape.slice(axis + 1).reduce((size, length) => size * length, 1);
  const changed = [...data.keys()].filter((i) => Math.abs(data[i]! - after.data[i]!) > 1e-9);
  return new Set(changed.map((i) => Math.floor(i / stride) % shape[axis]!));
}

/** How far what was found lies beyond what a field says, and how often it is as far as that. */
export function compared({ start, stride, size, imageAxis }: AxisField, wanted: Pixels) {
  let [beyond, inside, exact, found] = [0, 0, 0, 0];
  for (const [p, pixels] of wanted) {
    const first = start + p * stride;
    const [least, most] = [Math.min(...pixels), Math.max(...pixels)];
    beyond = Math.max(beyond, first - least, most - (first + size - 1));
    found += most - least + 1;
    if (first < 0 || first + size > PIXELS[imageAxis]) continue;
    inside++;
    if (least === first && most === first + size - 1) exact++;
  }
  return { beyond, inside, exact, share: found / (wanted.size * size) };
}

export interface Along {
  readonly each: AxisField;
  readonly wanted: Pixels;
}

/** Each axis of y that lies along the image. */
export function fieldsOfY(graph: Graph): readonly Along[] {
  const field = receptiveFields(graph).get("y")!;
  return field.flatMap((each, axis) =>
    each === null ? [] : [{ each, wanted: influences(graph, axis, each.imageAxis) }],
  );
}

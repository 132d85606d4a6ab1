import { GraphBuilder, OPEN_AXIS } from "../../onnx/graph-builder.ts";
import type { Value } from "../../onnx/model.ts";
import { boolScalar } from "../../onnx/tensor.ts";

type Values = readonly Value[];
/** As many values as T has. */
type EachOf<T extends Values> = { readonly [K in keyof T]: Value };

export interface LoopBody<C extends Values, S extends Values> {
  /** Next values of the carried ones, in order. */
  readonly carried: EachOf<C>;
  /** Values stacked over the iterations. */
  readonly scanned: S;
}

export interface LoopOptions<C extends Values, S extends Values> {
  /** Starts every name in the body; unique in the graph. */
  readonly prefix: string;
  /** Trip count, an int64 scalar. */
  readonly iterations: Value;
  readonly carried: C;
  /** Values of the surrounding graph that the body reads by name. */
  readonly outer: Values;
  readonly body: (body: GraphBuilder, iteration: Value, carried: EachOf<C>) => LoopBody<C, S>;
}

/** Emits an ONNX Loop that runs its full trip count; `scans` are [iterations, ...]. */
export function emitLoop<const C extends Values, const S extends Values>(
  graph: GraphBuilder,
  { prefix, iterations, carried, outer, body: emitBody }: LoopOptions<C, S>,
): { readonly finals: EachOf<C>; readonly scans: EachOf<S> } {
  const body = new GraphBuilder(prefix);
  const iteration = body.input(`${prefix}iteration`, "int64", []);
  const condition = body.input(`${prefix}condition`, "bool", []);
  for (const value of outer) {
    const { type, shape } = graph.factsOf(value);
    body.outer(value, type, shape);
  }
  const state = each(carried, (value, i) => {
    const { type, shape } = graph.factsOf(value);
    return body.input(`${prefix}carried_${i}`, type, shape);
  });

  const { carried: next, scanned } = emitBody(body, iteration, state);
  const bodyGraph = body.build(`${prefix}body`, [
    [`${prefix}condition_out`, condition],
    ...next.map((value, i) => [`${prefix}carried_out_${i}`, value] as const),
    ...scanned.map((value, i) => [`${prefix}scanned_${i}`, value] as const),
  ]);
  const finals = each(carried, (_, i) => `${prefix}final_${i}`);
  const scans = each(scanned, (_, i) => `${prefix}scan_${i}`);
  graph.appendWithFacts(
    {
      op: "Loop",
      name: `${prefix}loop`,
      domain: "",
      inputs: [iterations, graph.constant(boolScalar(true)), ...carried],
      outputs: [...finals, ...scans],
      attributes: { body: { graph: bodyGraph } },
    },
    [
      ...carried.map((value) => graph.factsOf(value)),
      // the trip count is known at run time alone
      ...scanned.map((value) => ({
        type: body.factsOf(value).type,
        shape: [OPEN_AXIS, ...body.shapeOf(value)],
      })),
    ],
  );
  return { finals, scans };
}

/** `map` keeps the number of values, which its type does not say. */
function each<T extends Values>(values: T, change: (value: Value, i: number) => Value): EachOf<T> {
  return values.map(change) as EachOf<T>;
}

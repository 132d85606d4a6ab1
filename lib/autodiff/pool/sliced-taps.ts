import { DataType } from "../../onnx/element-type.ts";
import type { Value } from "../../onnx/model.ts";
import { floatTensor } from "../../onnx/tensor.ts";
import type { PoolAxis, Taps } from "./taps.ts";

/** Taps by strided slices of the padded input and exact comparison; any input, any provider. */
export function slicedTaps({ graph, axis, window }: PoolAxis, x: Value): Taps {
  const { stride, padBegin, padEnd, output } = window;
  const pad = (value: Value, begin: number, end: number, filling: number) => {
    if (begin === 0 && end === 0) return value;
    const pads = Array.from({ length: 8 }, (_, i) =>
      i === axis ? begin : i === axis + 4 ? end : 0,
    );
    const constant = graph.constant(floatTensor([], [filling]));
    return graph.emit("Pad", [value, graph.ints(pads), constant]);
  };
  const slice = (value: Value, begin: number, end: number, step = 1) =>
    graph.emit("Slice", [
      value,
      ...[[begin], [end], [axis], [step]].map((numbers) => graph.ints(numbers)),
    ]);
  let padded: Value | null = null;

  return {
    mask: (t, y) => {
      padded ??= pad(x, padBegin, padEnd, -Infinity);
      const tap = slice(padded, t, t + (output - 1) * stride + 1, stride);
      return graph.emit("Cast", [graph.emit("Equal", [tap, y])], { to: DataType.float });
    },
    subtract: (a, b) => graph.emit("Sub", [a, b]),
    place: (value, offset, length) => {
      const given = graph.shapeOf(value)[axis]!;
      const first = Math.max(-offset, 0);
      const last = Math.min(given, length - offset);
      const kept = first > 0 || last < given ? slice(value, first, last) : value;
      const begin = Math.max(offset, 0);
      return pad(kept, begin, length - begin - (last - first), 0);
    },
  };
}

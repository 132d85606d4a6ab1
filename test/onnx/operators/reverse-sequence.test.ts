import { expect, test } from "vitest";

import { decodeModel } from "../../../lib/onnx/decode.ts";
import { specialise } from "../../../lib/onnx/static-graph.ts";
import { intsTensor } from "../../../lib/onnx/tensor.ts";
import { node, sketch, writeModel } from "../../support/onnx-writer.ts";
import { normal } from "../../support/random.ts";
import { furthestApart } from "../../support/written-out.ts";

const SHAPE = [2, 3, 5, 6] as const;

/** Rows of an image [N, 3, 5, 6] backwards, by lengths that are stated, or that of the image. */
function backwards(lengths: readonly number[] | null) {
  const measured = [
    node("Shape", "rows", "sizes"),
    node("Gather", "sizes first", "height"),
    node("Gather", "sizes second", "images"),
    node("Expand", "height images", "lengths"),
  ];
  return writeModel(
    sketch({
      inputs: { image: SHAPE },
      nodes: [
        node("Transpose", "image", "rows", { perm: [2, 0, 1, 3] }),
        ...(lengths ? [] : measured),
        node("ReverseSequence", "rows lengths", "y", { time_axis: 0, batch_axis: 1 }),
      ],
      outputs: ["y"],
      initializers: {
        ...(lengths ? { lengths: intsTensor(lengths) } : {}),
        first: intsTensor([0]),
        second: intsTensor([1]),
      },
    }),
    18,
  );
}

test.each([[null], [[5, 5]], [[3, 3]]])(
  "sequences of lengths %j are turned as in ONNX Runtime",
  async (lengths) => {
    const given = { image: normal(SHAPE, 1), gone: /^ReverseSequence$/ };
    expect(await furthestApart(given, backwards(lengths))).toBe(0);
    expect(await furthestApart(given, backwards(lengths), backwards([4, 4]))).toBeGreaterThan(0.1);
  },
);

test("lengths that differ are refused in one line", () => {
  const { problems } = specialise(decodeModel(backwards([3, 4])), SHAPE);
  expect(problems.get("y")?.message).toBe(
    "ReverseSequence 'y': sequences of different lengths, or longer than the input, are not supported; choose a layer before it",
  );
});

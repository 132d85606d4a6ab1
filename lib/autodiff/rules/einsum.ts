import { parseEinsum } from "../../onnx/operators/matrix.ts";
import { UnsupportedGradientError } from "../errors.ts";
import { oneOutput } from "../forward.ts";
import type { VjpRule } from "../rule.ts";
import { expandTo, reshapeTo } from "../shaping.ts";

/**
 * Einstein summation: Y[out] = sum of A[a] B[b] ..., over the letters that `out` lacks.
 *
 *     dA[a] = sum of dY[out] B[b] ..., over the letters that `a` lacks
 *
 * A letter that `a` shares with no other term is an axis that A alone is summed over: dA is
 * repeated along it. An axis of length 1 that is repeated to that of another term is left out of its
 * own.
 *
 * Source: ONNX operator Einsum-12.
 *
 * @throws UnsupportedGradientError for a letter twice in one term (a diagonal).
 */
export const einsumVjp: VjpRule = (context) => {
  const { graph, node, facts } = context;
  const { terms: written, output } = parseEinsum(node, facts);
  const diagonal = written.find((term) => new Set(term.split("")).size < term.length);
  if (diagonal !== undefined) {
    throw new UnsupportedGradientError(
      node,
      `its term '${diagonal}' takes a diagonal`,
      "choose a layer before it",
    );
  }

  const shapes = context.inputs.map((value) => graph.shapeOf(value));
  const isRepeated = (letter: string, length: number) =>
    length === 1 && shapes.some((shape, i) => shape[written[i]!.indexOf(letter)]! > 1);
  const kept = shapes.map((shape, i) =>
    [...shape.keys()].filter((axis) => !isRepeated(written[i]![axis]!, shape[axis]!)),
  );
  const terms = kept.map((axes, i) => axes.map((axis) => written[i]![axis]).join(""));
  const inputs = kept.map((axes, i) =>
    reshapeTo(
      graph,
      context.inputs[i]!,
      axes.map((axis) => shapes[i]![axis]!),
    ),
  );

  const pullTerm = (dY: string, index: number): string => {
    const term = terms[index]!;
    const others = terms.filter((_, i) => i !== index);
    const reached = term
      .split("")
      .filter((letter) => [output, ...others].join("").includes(letter));
    const equation = `${[output, ...others].join(",")}->${reached.join("")}`;
    const operands = [dY, ...inputs.filter((_, i) => i !== index)];
    const sum = graph.emit("Einsum", operands, { equation });
    const shape = graph.shapeOf(inputs[index]!);
    const lengths = shape.map((length, axis) => (reached.includes(term[axis]!) ? length : 1));
    return reshapeTo(graph, expandTo(graph, reshapeTo(graph, sum, lengths), shape), shapes[index]!);
  };
  // letters for an ellipsis too, which WebGPU does not know
  const y = graph.emit("Einsum", inputs, { equation: `${terms.join()}->${output}` });
  return oneOutput(context, y, (dY) => inputs.map((_, index) => () => pullTerm(dY, index)));
};

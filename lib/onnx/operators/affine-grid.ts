import { arithmetic } from "../arithmetic.ts";
import { DataType } from "../element-type.ts";
import type { Value } from "../model.ts";
import { intAttribute, nodeError, requiredInput } from "../node.ts";
import { floatTensor } from "../tensor.ts";
import { Emitter, type Upgrade } from "./upgrade.ts";

/**
 * AffineGrid of images: where each pixel of an image of a given size lies, after an affine map.
 *
 *     Y[n, h, w] = theta[n] (x, y, 1)       x = (2 w + 1) / W - 1, aligned: 2 w / (W - 1) - 1
 *
 * Theta [N, 2, 3], size (N, C, H, W), Y [N, H, W, 2]; y as x, of h and H. A single pixel, aligned, is
 * at 1, as in ONNX Runtime.
 *
 * Source: ONNX operator AffineGrid-20.
 *
 * @throws ModelError for volumes
 */
export const affineGridToOpset18: Upgrade = (node, rewriting) => {
  const emitter = new Emitter(node, rewriting);
  const emit = emitter.emit.bind(emitter);
  const { add, sub, mul, div } = arithmetic(emitter);
  const [theta, size] = [requiredInput(node, 0), requiredInput(node, 1)];
  const rank = rewriting.factsOf(theta)?.shape[1] ?? 2;
  if (rank !== 2) {
    throw nodeError(node, `a grid of ${rank} axes is not supported; choose a layer before it`);
  }
  const isAligned = intAttribute(node, "align_corners", 0) === 1;
  const numbers = (value: Value) => emit("Cast", [value], { to: DataType.float });
  const minusOne = emitter.int(-1);
  const lengthOf = (axis: number) => emit("Gather", [size, emitter.ints(axis)], { axis: 0 });
  /** Places along an axis, in the shape that `ends` makes of them: how far each is from the end. */
  const along = (length: Value, ends: Value) => {
    const count = emit("Squeeze", [length]);
    const last = sub(count, emitter.int(1));
    const behind = numbers(emit("Range", [last, minusOne, minusOne]));
    const twice = mul(behind, 2);
    const share = isAligned
      ? div(twice, emit("Max", [numbers(last), emitter.scalar(1)]))
      : div(add(twice, 1), numbers(count));
    return emit("Unsqueeze", [sub(1, share), ends]);
  };
  const [height, width] = [lengthOf(2), lengthOf(3)];
  const pixel = emitter.join([height, width, emitter.ints(1)], 0);
  const ones = emitter.constant(floatTensor([1, 1, 1], [1]));
  const places = [along(width, emitter.ints(0, 2)), along(height, emitter.ints(1, 2)), ones];
  const base = places.map((each) => emit("Expand", [each, pixel]));
  const rows = emit("Reshape", [emitter.join(base, 2), emitter.ints(-1, 3)]);
  const turned = emit("Transpose", [theta], { perm: [0, 2, 1] });
  const to = emitter.join([emitter.ints(0), height, width, emitter.ints(2)], 0);
  return emitter.ending("Reshape", [emit("MatMul", [rows, turned]), to]);
};

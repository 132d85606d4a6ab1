import type { Pixels } from "../api/drop-network.ts";

interface Convention {
  readonly text: string;
  readonly pixels: Pixels;
}

/** The usual conventions, by the names that `dreamgrid models add` has for them. */
export const CONVENTIONS: readonly Convention[] = [
  { text: "recognised from the network, or 0 to 255 less 128", pixels: {} },
  { text: "torchvision: most from PyTorch", pixels: { preprocessing: "torchvision" } },
  { text: "caffe: 0 to 255 less VGG's means, BGR", pixels: { preprocessing: "caffe" } },
  { text: "tensorflow: -1 to 1, RGB", pixels: { preprocessing: "tensorflow" } },
  { text: "zero-one: 0 to 1", pixels: { preprocessing: "zero-one" } },
  { text: "minus-one-one: -1 to 1", pixels: { preprocessing: "minus-one-one" } },
  { text: "0 to 255 as they are", pixels: { mean: [0], scale: [1] } },
  { text: "0 to 255 less 128", pixels: { mean: [128], scale: [1] } },
];

/** "" is what is recognised. */
export const CHANNEL_ORDERS = ["", "RGB", "BGR"] as const;

type Triple = readonly [number, number, number];

/** What a network wants its pixels to be: (value - mean) * scale, value in 0..255. */
export interface Preprocessing {
  readonly text: string;
  readonly mean: Triple;
  readonly scale: Triple;
}

const all = (value: number): Triple => [value, value, value];

/** The usual conventions, the one that is assumed of an unknown network first. */
export const PREPROCESSINGS: readonly Preprocessing[] = [
  { text: "0 to 255, less 128 (assumed)", mean: all(128), scale: all(1) },
  {
    text: "ImageNet's mean and deviation (torchvision)",
    mean: [123.675, 116.28, 103.53],
    scale: [1 / 58.395, 1 / 57.12, 1 / 57.375],
  },
  { text: "0 to 1", mean: all(0), scale: all(1 / 255) },
  { text: "-1 to 1", mean: all(127.5), scale: all(1 / 127.5) },
  { text: "0 to 255", mean: all(0), scale: all(1) },
];

/** An ascent through five levels, each twice as large as the one before. */
export const PYRAMID_DRAWING = {
  method: "deepdream",
  together: 1,
  numIterations: 2_000,
  imageSize: { width: 20, height: 16 },
  pyramidLevels: 5,
  pyramidScale: 2,
} as const;

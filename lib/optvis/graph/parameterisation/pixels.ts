import type { Parameterisation } from "../parts.ts";

/** The parameters are the image's pixels. */
export const pixels: Parameterisation = (_, parameters) => ({
  image: parameters,
  pullback: (cotangent) => cotangent,
});

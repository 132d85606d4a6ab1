/** How a score is shared out among pixels. */
export interface PixelOptions {
  /** Images between the grey one and the image itself, all draws of noise together. */
  readonly steps: number;
  /** Standard deviation of the noise, as a share of 0..255; 0: none. */
  readonly noise: number;
  /** @param done images that have been looked at, of `stepsInAll` */
  readonly onStep?: ((done: number) => void) | undefined;
}

export const PIXEL_DEFAULTS = {
  /** With the ends of the way fewer passes than a picture of the preset natural takes. */
  steps: 64,
  /** SmoothGrad's authors find 10 to 20 % of the range to be clear in most networks. */
  noise: 0.1,
} as const;

/** Whether pixels are asked for, and how. */
export type AskedOfPixels =
  boolean | { readonly steps?: number | undefined; readonly noise?: number | undefined };

/** @returns `null` where they are not asked for */
export function pixelOptions(asked: AskedOfPixels): Pick<PixelOptions, "steps" | "noise"> | null {
  if (asked === false) return null;
  const { steps = PIXEL_DEFAULTS.steps, noise = PIXEL_DEFAULTS.noise } =
    asked === true ? {} : asked;
  return { steps, noise };
}

import type { Size } from "../../image/raster.ts";

/** From one number to another. */
export type Range = readonly [least: number, most: number];

/** What an image may fade into. */
export type FadeColour = "white" | "grey" | "black";

/** All that a Fourier ascent is told, besides what it raises. */
export interface FourierRecipe {
  /** Of the image, in pixels; free of what the network takes. */
  readonly canvasSize: Size;
  /** What the network sees of it in each iteration, in pixels. */
  readonly cropSize: Size;
  readonly iterations: number;
  /** Adam's, of the first iteration. */
  readonly learningRate: number;
  /** `cosine`: down to zero in the last iteration. */
  readonly learningRateDecay: "cosine" | "none";
  /** The image's spectrum begins as 1 / frequency^decay. */
  readonly spectrumDecay: number;
  /** Standard deviation of the noise at the start, of coefficients or of what ellipses are made of. */
  readonly initialDeviation: number;
  /**
   * What every coefficient's magnitude stays, while its phase alone is changed. @default 0: free
   */
  readonly fixedMagnitude?: number | undefined;
  /** How many ellipses the image is painted in, in place of coefficients. @default 0: none */
  readonly ellipses?: number | undefined;
  /**
   * Hidden layers of the network that makes the image of each pixel's place, in place of
   * coefficients. @default 0: none
   */
  readonly cppnLayers?: number | undefined;
  /** What the image fades into where the network wanted little. @default nothing fades */
  readonly fadeTo?: FadeColour | undefined;
  /** Factor of the two colour differences; 1: as in photographs. */
  readonly saturation: number;
  /**
   * Side of the crop as a share of the canvas's: uniform in a range that goes from start to end.
   */
  readonly cropFraction: { readonly start: Range; readonly end: Range };
  /**
   * Where the crop's centre lies, uniform along each axis. `anywhere` where the crop leaves the
   * canvas by no more than the margin: along the longer side of a canvas of another shape than the
   * crop's, up to half of the crops lie at the ends, so that these are seen about as often as the
   * rest. At the `centre` of the canvas, or within the margin of it. `wrapped`: anywhere, and
   * beyond each edge lies the opposite one, so that the image can be laid side by side with itself.
   */
  readonly cropPlace: "anywhere" | "centre" | "wrapped";
  /** Pixels of the canvas; of no effect where crops are wrapped. */
  readonly cropMargin: number;
  /** Degrees to either side; in 5 of 26 iterations the crop is upright. */
  readonly rotation: number;
  /** How much roughness is taken off the objective, for colours from 0 to 1; 0: none. */
  readonly totalVariation: number;
  /** What of the mean over all channels is taken off the channel's own activation; 0: none. */
  readonly contrast: number;
}

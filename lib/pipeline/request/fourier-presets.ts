import type { Size } from "../../image/raster.ts";
import type { FourierParameters, PresetName } from "./fields/fourier.ts";
import type { LayerRole } from "./layer-role.ts";

/** What a preset sets. Its pixels follow from what the network takes, so that it suits any. */
export interface Preset {
  readonly parameters: Omit<FourierParameters, "canvasSize" | "cropSize" | "cropMargin">;
  /**
   * Side of the crop in pixels, where network and layer take it; `null`: the network's own size.
   */
  readonly cropSide: (role: LayerRole) => number | null;
  /** Side of the canvas, in sides of the crop. */
  readonly canvas: number;
  /** In pixels. */
  readonly margin: (canvas: Size, input: Size) => number;
}

const shorterSide = ({ width, height }: Size) => Math.min(width, height);

/** For classes: clean and large, the colours of photographs. */
const natural: Preset = {
  parameters: {
    numIterations: 96,
    learningRate: 0.12,
    learningRateDecay: "cosine",
    // the early iterations see the whole, the late ones details
    cropFraction: { start: [0.9, 1.05], end: [0.5, 1] },
    cropPlace: "anywhere",
    rotation: 10,
    spectrumDecay: 1.25,
    initialDeviation: 0.01,
    saturation: 1,
    totalVariation: 0,
    contrast: 0,
  },
  cropSide: () => null,
  canvas: 320 / 224,
  margin: (canvas) => shorterSide(canvas) / 16,
};

/** Stronger colours, closer details. */
const vivid: Preset = {
  ...natural,
  parameters: {
    ...natural.parameters,
    learningRate: 0.18,
    saturation: 1.3,
    cropFraction: { ...natural.parameters.cropFraction, end: [0.4, 0.9] },
  },
};

/** `vivid`, taking its time. */
const poster: Preset = {
  ...vivid,
  parameters: { ...vivid.parameters, numIterations: 256, learningRate: 0.1 },
};

/** For convolutions: small crops, which cost a third of the network's own size. */
const channels: Preset = {
  parameters: {
    ...natural.parameters,
    numIterations: 64,
    learningRate: 0.15,
    saturation: 1.3,
    cropFraction: { ...natural.parameters.cropFraction, end: [0.4, 0.8] },
  },
  cropSide: () => 128,
  canvas: 1.5,
  margin: natural.margin,
};

/** The constants of Lucid, of Olah, Mordvintsev and Schubert: to compare with. */
const lucid: Preset = {
  parameters: {
    ...natural.parameters,
    numIterations: 512,
    learningRate: 0.05,
    learningRateDecay: "none",
    // of the crop it is 0.9 to 1.1
    cropFraction: { start: [1 / 1.1, 1 / 0.9], end: [1 / 1.1, 1 / 0.9] },
    cropPlace: "centre",
    spectrumDecay: 1,
  },
  cropSide: (role) => (role === "whole" ? null : 128),
  canvas: 1,
  margin: (_, input) => (shorterSide(input) * 6) / 224,
};

/**
 * Phases alone, under the spectrum of photographs, as Fel et al. do ("Unlocking Feature
 * Visualization for Deeper Networks with MAgnitude Constrained Optimization", NeurIPS 2023), seen
 * as `natural` is.
 */
const maco: Preset = {
  ...natural,
  parameters: {
    ...natural.parameters,
    learningRate: 1,
    // of what is finest this leaves as much as photographs have
    spectrumDecay: 1.35,
    fixedMagnitude: 1.2,
  },
};

/** A painting in translucent ellipses, which take their time to find their places. */
const ellipses: Preset = {
  ...natural,
  cropSide: (role) => (role === "whole" ? null : 128),
  parameters: {
    ...natural.parameters,
    numIterations: 200,
    learningRate: 0.05,
    cropFraction: { ...natural.parameters.cropFraction, end: [0.75, 1] },
    initialDeviation: 0.15,
    saturation: 1.5,
    ellipses: 160,
  },
};

/** Painted by a network of places, whose weights take small steps. */
const cppn: Preset = {
  ...ellipses,
  parameters: {
    ...ellipses.parameters,
    numIterations: 300,
    learningRate: 0.02,
    initialDeviation: 1,
    saturation: 1.2,
    ellipses: 0,
    cppnLayers: 8,
  },
};

export const FOURIER_PRESETS: Readonly<Record<PresetName, Preset>> = {
  natural,
  vivid,
  poster,
  channels,
  lucid,
  maco,
  ellipses,
  cppn,
};

import type { PresetName } from "./fields/fourier.ts";
import type { LayerRole } from "./layer-role.ts";

/** A method, and of the Fourier method a preset. */
export interface MethodFields {
  readonly method: "deepdream" | "fourier";
  readonly preset?: PresetName;
}

/** What becomes a layer, as fields of a request, and why. */
export interface Suggestion {
  readonly fields: MethodFields;
  /** Of the layer: "sees the whole image". */
  readonly reason: string;
}

/** How a layer is drawn where method and preset are left out, and what is then said of it. */
export const METHOD_BY_ROLE: Readonly<Record<LayerRole, Suggestion>> = {
  whole: { fields: { method: "fourier", preset: "natural" }, reason: "sees the whole image" },
  first: { fields: { method: "deepdream" }, reason: "sees edges and colours" },
  middle: {
    fields: { method: "fourier", preset: "channels" },
    reason: "sees patterns anywhere in the image",
  },
};

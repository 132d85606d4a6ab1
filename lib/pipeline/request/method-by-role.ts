import type { LayerRole } from "./layer-role.ts";

/** A method, and of the Fourier method a preset. */
export interface MethodFields {
  readonly method: "deepdream" | "fourier";
  readonly preset?: string;
}

/** How a layer is drawn where method and preset are left out, and what it is then called. */
export const METHOD_BY_ROLE: Readonly<
  Record<LayerRole, { readonly fields: MethodFields; readonly is: string }>
> = {
  whole: { fields: { method: "fourier", preset: "natural" }, is: "sees the whole image" },
  first: { fields: { method: "deepdream" }, is: "is a first convolution" },
  middle: { fields: { method: "fourier", preset: "channels" }, is: "is a convolution" },
};

import type { AxisWindow } from "../../../onnx/operators/window.ts";

/**
 * Cells of an axis at one distance: cell j is pixel `stride * j + offset`, outside the image too.
 */
export interface Lattice {
  readonly offset: number;
  readonly stride: number;
  /** How many cells. */
  readonly length: number;
}

/** Along height, then along width. */
export type Grid = readonly [rows: Lattice, columns: Lattice];

/** Every pixel of an axis. */
export const everyPixel = (length: number): Lattice => ({ offset: 0, stride: 1, length });

/** The pixels that tap `t` of a pool's windows reads, one for each window. */
export function tapLattice({ stride, padBegin, output }: AxisWindow, t: number): Lattice {
  return { offset: t - padBegin, stride, length: output };
}

/**
 * The pixels of one phase: those whose place leaves `phase` when divided by the stride. All phases
 * have as many cells as the first; where the stride does not divide the input, the last cells of
 * some lie after its end.
 */
export function phaseLattice({ stride, input }: AxisWindow, phase: number): Lattice {
  return { offset: phase, stride, length: Math.ceil(input / stride) };
}

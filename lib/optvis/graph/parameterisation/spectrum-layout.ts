import type { Size } from "../../../image/raster.ts";

/** An axis of `length` pixels as `coarse` times `fine`, so that a sum over it takes two steps. */
export interface SplitAxis {
  readonly length: number;
  /** Number of groups, and step between the members of one: frequency = k1 * groups + k2. */
  readonly groups: number;
  /** Pixels = members of a full group: place = n1 + members * n2. */
  readonly members: number;
}

/** Splits a length into two factors as near to its square root as can be; a prime stays whole. */
export function splitAxis(length: number): SplitAxis {
  let groups = Math.floor(Math.sqrt(length));
  while (length % groups !== 0) groups--;
  return { length, groups, members: length / groups };
}

/**
 * Where the frequencies of a real image of [H, W] lie in memory.
 *
 * The image is real, so of the vertical frequencies ky only 0 to H/2 are kept; kx runs through all
 * of 0 to W - 1. A coefficient lies at [k2, part, k1, l2, l1], part being 0 for its real and 1 for
 * its imaginary part, kx = k1 * groups + k2 and ky = l1 * groups + l2 on their axes: then every
 * step of the sums reads and writes whole rows (see frequency-sums.ts). Where the groups of ky are
 * not full, the places that are left over stand for no frequency.
 */
export interface SpectrumLayout {
  readonly size: Size;
  readonly across: SplitAxis;
  readonly down: SplitAxis;
  /** Members of each group of ky: those of 0 to H/2, rounded up. */
  readonly downMembers: number;
}

export function spectrumLayout(size: Size): SpectrumLayout {
  const { height, width } = size;
  const down = splitAxis(height);
  const downMembers = Math.ceil(keptRows(size) / down.groups);
  return { size: { height, width }, across: splitAxis(width), down, downMembers };
}

/** Shape of one image's coefficients: [3, groups of kx, 2 * members of kx, ky]. */
export function coefficientShape({ across, down, downMembers }: SpectrumLayout) {
  return [3, across.groups, 2 * across.members, down.groups * downMembers] as const;
}

/**
 * Calls `visit` for each complex coefficient of one colour, in the order kx, then ky: its
 * frequencies, and the places of its real and imaginary part among that colour's values.
 */
export function eachFrequency(
  { size, across, down, downMembers }: SpectrumLayout,
  visit: (kx: number, ky: number, real: number, imaginary: number) => void,
): void {
  const rows = keptRows(size);
  const rowLength = down.groups * downMembers;
  for (let kx = 0; kx < across.length; kx++) {
    const [k1, k2] = [Math.floor(kx / across.groups), kx % across.groups];
    const real = (k2 * 2 * across.members + k1) * rowLength;
    const imaginary = real + across.members * rowLength;
    for (let ky = 0; ky < rows; ky++) {
      const at = (ky % down.groups) * downMembers + Math.floor(ky / down.groups);
      visit(kx, ky, real + at, imaginary + at);
    }
  }
}

/** Vertical frequencies that are kept of a real image: 0 to H/2. */
export function keptRows({ height }: Size): number {
  return Math.floor(height / 2) + 1;
}

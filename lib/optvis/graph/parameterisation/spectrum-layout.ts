import type { Size } from "../../../image/raster.ts";

/**
 * An axis of `length` pixels as `groups` times `members`, so that a sum over it takes two steps.
 */
export interface SplitAxis {
  readonly length: number;
  /** Step between the frequencies of one group: frequency = first + k1 * groups + k2. */
  readonly groups: number;
  /** Place = n1 + members * n2. */
  readonly members: number;
}

/** Splits a length into two factors as near to its square root as can be; a prime stays whole. */
export function splitAxis(length: number): SplitAxis {
  let groups = Math.floor(Math.sqrt(length));
  while (length % groups !== 0) groups--;
  return { length, groups, members: length / groups };
}

/** The frequencies of an axis that are kept: `count` of them from `first` on, in whole cycles. */
export interface KeptAxis extends SplitAxis {
  readonly first: number;
  readonly count: number;
  /** Frequencies in each group, rounded up. */
  readonly perGroup: number;
}

/**
 * Where the frequencies of a real image of [H, W] lie in memory.
 *
 * The image is real, so of the vertical frequencies ky only 0 to H/2 are kept, and of all only
 * those up to a highest. A coefficient lies at [k2, part, k1, l2, l1, plane], part being 0 for its
 * real and 1 for its imaginary part, kx = first + k1 * groups + k2 and ky = l1 * groups + l2 on
 * their axes: then every step of the sums reads and writes whole rows (see frequency-sums.ts).
 * Where groups are not full, the places that are left over stand for no frequency.
 */
export interface SpectrumLayout {
  readonly size: Size;
  /** Of the image: its colours, or whatever its planes are. */
  readonly planes: number;
  readonly across: KeptAxis;
  readonly down: KeptAxis;
}

/**
 * @param highest in cycles a pixel, along each axis; from 0.5 on all frequencies are kept.
 * @default all
 */
export function spectrumLayout(
  { height, width }: Size,
  planes: number,
  highest = 0.5,
): SpectrumLayout {
  const [mostAcross, mostDown] = [width, height].map((length) => Math.ceil(highest * length));
  // the negative frequencies, those from W/2 on, are as many
  const isWhole = 2 * mostAcross! + 1 >= width;
  const [first, count] = isWhole ? [0, width] : [-mostAcross!, 2 * mostAcross! + 1];
  return {
    size: { height, width },
    planes,
    across: keep(width, first, count),
    down: keep(height, 0, Math.min(Math.floor(height / 2), mostDown!) + 1),
  };
}

function keep(length: number, first: number, count: number): KeptAxis {
  const split = splitAxis(length);
  return { ...split, first, count, perGroup: Math.ceil(count / split.groups) };
}

/** Shape of one image's coefficients: [groups of kx, 2 * frequencies of each, ky, planes]. */
export function coefficientShape(layout: SpectrumLayout) {
  const { across, down, planes } = layout;
  return [across.groups, 2 * across.perGroup, down.groups * down.perGroup, planes] as const;
}

/** Shape of one image's phases: one number for each complex coefficient. */
export function phaseShape(layout: SpectrumLayout) {
  const [groups, parts, rows, planes] = coefficientShape(layout);
  return [groups, parts / 2, rows, planes] as const;
}

/** A complex coefficient of the first plane; those of the other planes come right after. */
interface Coefficient {
  /** Its frequencies, in whole cycles. */
  readonly kx: number;
  readonly ky: number;
  /** Places of its two parts in an image's coefficients. */
  readonly real: number;
  readonly imaginary: number;
  /** Its place in what has one number for each, of `phaseShape`. */
  readonly single: number;
}

/** In the order kx, then ky. */
export function eachFrequency(
  layout: SpectrumLayout,
  visit: (coefficient: Coefficient) => void,
): void {
  const { across, down, planes } = layout;
  const row = planes * down.groups * down.perGroup;
  for (let i = 0; i < across.count; i++) {
    const [k1, k2] = [Math.floor(i / across.groups), i % across.groups];
    const parts = (k2 * 2 * across.perGroup + k1) * row;
    const one = (k2 * across.perGroup + k1) * row;
    for (let ky = 0; ky < down.count; ky++) {
      const at = planes * ((ky % down.groups) * down.perGroup + Math.floor(ky / down.groups));
      const [real, single] = [parts + at, one + at];
      visit({ kx: across.first + i, ky, real, imaginary: real + across.perGroup * row, single });
    }
  }
}

/** ColorBrewer's RdBu, which people tell apart who do not see red or green. */
const ABOVE = [178, 24, 43];
const BELOW = [33, 102, 172];

/**
 * Red of a value above zero, blue of one below, the fuller the nearer its size is to `most`; white of
 * zero.
 *
 * @returns [red, green, blue], 0..255
 */
export function divergingColour(value: number, most: number): readonly number[] {
  const strength = most > 0 ? Math.abs(value) / most : 0;
  const ink = value > 0 ? ABOVE : BELOW;
  return ink.map((colour) => Math.round(255 + strength * (colour - 255)));
}

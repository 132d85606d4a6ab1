/** Of a frame's longer side to its shorter: a picture that is longer stands in its middle. */
const LONGEST = 4;

/** Width by height of a picture's frame: the picture's own, or the nearest that can be seen. */
export function frameRatio(width: number, height: number): number {
  return Math.min(LONGEST, Math.max(1 / LONGEST, width / height));
}

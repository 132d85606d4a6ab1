/**
 * The nearest whole number; halves go to the even neighbour, as in ONNX's Round and Python's round.
 */
export function roundHalfEven(x: number): number {
  const floor = Math.floor(x);
  if (x - floor !== 0.5) return Math.round(x);
  return floor % 2 === 0 ? floor : floor + 1;
}

/**
 * A plane blurred by a Gaussian, cut off at three deviations; outside the plane its edge goes on.
 *
 * @param data [H, W]
 * @param deviation px
 */
export function blurred(
  data: Float64Array,
  [height, width]: readonly [height: number, width: number],
  deviation: number,
): Float64Array {
  const reach = Math.ceil(3 * deviation);
  const offsets = Array.from({ length: 2 * reach + 1 }, (_, i) => i - reach);
  const bell = offsets.map((offset) => Math.exp(-((offset / deviation) ** 2) / 2));
  const all = bell.reduce((sum, value) => sum + value, 0);
  const along = (from: Float64Array, at: (y: number, x: number, offset: number) => number) =>
    from.map((_, i) => {
      const [y, x] = [Math.floor(i / width), i % width];
      return offsets.reduce((sum, offset, k) => sum + bell[k]! * from[at(y, x, offset)]!, 0) / all;
    });
  const inside = (place: number, length: number) => Math.min(Math.max(place, 0), length - 1);
  const across = along(data, (y, x, offset) => y * width + inside(x + offset, width));
  return along(across, (y, x, offset) => inside(y + offset, height) * width + x);
}

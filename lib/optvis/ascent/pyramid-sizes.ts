import type { Size } from "../../image/raster.ts";
import { roundHalfEven } from "../../onnx/rounding.ts";

/**
 * Image sizes of the pyramid's levels, first to last: each is the one before times `scale`,
 * rounded. 224 at 1.4 gives 224, 314, 440 (rounded from 313.6 and 439.6).
 */
export function pyramidSizes(first: Size, levels: number, scale: number): readonly Size[] {
  const sizes = [{ height: first.height, width: first.width }];
  while (sizes.length < levels) {
    const { height, width } = sizes.at(-1)!;
    sizes.push({ height: roundHalfEven(height * scale), width: roundHalfEven(width * scale) });
  }
  return sizes;
}

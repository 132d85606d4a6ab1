import { canvasPerCrop } from "../../optvis/ascent/affine-draws.ts";
import { asSize } from "./complete-request.ts";
import type { FourierParameters } from "./fields/fourier.ts";

/**
 * Share of the crops that touch the canvas, along either axis, where they are smallest. Those
 * beside it see nothing: with many of them an image changes slowly, or is taken for one without a
 * gradient. With the default margins it is 0.9 at least, however small the crops are.
 */
const LEAST_TOUCHING = 0.85;

type Crops = Pick<
  FourierParameters,
  "canvasSize" | "cropSize" | "cropFraction" | "cropPlace" | "cropMargin"
>;

/** Problems by which too many crops would lie beside the canvas; none if few do. */
export function cropProblems({
  canvasSize,
  cropSize,
  cropFraction,
  cropPlace,
  cropMargin,
}: Crops): string[] {
  // on a canvas without end no crop lies beside it
  if (cropPlace === "wrapped") return [];
  const [canvas, crop] = [asSize(canvasSize), asSize(cropSize)];
  const least = Math.min(cropFraction.start[0], cropFraction.end[0]);
  const zoom = least * canvasPerCrop(canvas, crop);
  // a crop's centre lies uniformly within `free + margin`, and touches within `reach`
  const largest = (["width", "height"] as const).map((side) => {
    const [whole, seen] = [canvas[side], zoom * crop[side]];
    const free = cropPlace === "anywhere" ? Math.max(0, whole - seen) / 2 : 0;
    const reach = (whole + seen) / 2;
    return reach / LEAST_TOUCHING - free;
  });
  const most = Math.min(...largest);
  if (cropMargin <= most) return [];
  return [
    `cropMargin: given ${cropMargin}, by which many crops would lie beside the canvas of [${canvasSize.join(", ")}] pixels, where there is nothing to see; wanted at most ${Math.floor(most)}`,
  ];
}

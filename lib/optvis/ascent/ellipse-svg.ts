import { ellipseSvg, type SvgColour } from "../../image/ellipse-svg.ts";
import type { FloatTensor } from "../../onnx/tensor.ts";
import { isOfColours } from "../graph/layer-pass.ts";
import { type EllipseImage, HARDNESS } from "../graph/parameterisation/ellipse-parameters.ts";
import type { SessionGraph } from "../runtime/session-graph.ts";
import type { SessionWorker } from "../runtime/session-worker.ts";
import { floatOutput } from "./outputs.ts";

/** Half of 0..255, as the colours lie about mid-grey. */
const MID_GREY = 127.5;

/**
 * The ellipses of given parameters as an SVG document.
 *
 * @param parameters of one image, see ellipse-parameters.ts
 * @returns `null` for planes that are neither colours nor one of grey
 */
export async function svgOfEllipses(
  session: SessionWorker,
  canvas: EllipseImage,
  { shape, data }: FloatTensor,
): Promise<string | null> {
  const { size, planes, ellipses: count } = canvas;
  if (!isOfColours(planes) && planes.length > 1) return null;
  const graph: SessionGraph = {
    key: JSON.stringify(["ellipses", canvas]),
    provider: "cpu",
    keepsMemory: false,
    recipe: { kind: "ellipses", canvas },
  };
  const outputs = await session.run(graph, {
    parameters: { shape: [1, ...shape], data, type: "float32" },
  });
  const [across, along, opacity, colours] = ["across", "along", "opacity", "colours"].map(
    (name) => floatOutput(outputs, name).data,
  ) as [Float32Array, Float32Array, Float32Array, Float32Array];

  const colourOf = (k: number): SvgColour => {
    const plane = (i: number) => MID_GREY + colours[i * (count + 1) + k]!;
    if (!isOfColours(planes)) return [plane(0), plane(0), plane(0)];
    return [0, 1, 2].map((colour) => plane(planes.indexOf(colour)));
  };
  const ellipses = Array.from({ length: count }, (_, k) => ({
    matrix: matrixOf(across.subarray(3 * k), along.subarray(3 * k), size),
    colour: colourOf(k + 1),
    opacity: opacity[k]!,
  }));
  const fade = (distance: number) => 1 / (1 + Math.exp(-HARDNESS * (1 - distance ** 2)));
  return ellipseSvg({ size, ground: colourOf(0), ellipses, fade });
}

/**
 * The inverse of what says where a point lies in an ellipse, in pixels.
 *
 * @param across, along as of `Ellipses`, of one ellipse
 */
function matrixOf(
  [ax = 0, ay = 0, a = 0]: Float32Array,
  [bx = 0, by = 0, b = 0]: Float32Array,
  { height, width }: EllipseImage["size"],
) {
  const determinant = ax * by - ay * bx;
  const halfSide = Math.min(height, width) / 2;
  const axis = (value: number) => (value / determinant) * Math.sqrt(HARDNESS) * halfSide;
  const x = ((ay * b - by * a) / determinant) * halfSide + width / 2;
  const y = ((bx * a - ax * b) / determinant) * halfSide + height / 2;
  return [axis(by), axis(-bx), axis(-ay), axis(ax), x, y] as const;
}

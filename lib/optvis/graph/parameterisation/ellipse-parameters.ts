import { slice, zeros } from "../../../autodiff/shaping.ts";
import { arithmetic } from "../../../onnx/arithmetic.ts";
import type { GraphBuilder } from "../../../onnx/graph-builder.ts";
import type { Value } from "../../../onnx/model.ts";
import { floatTensor, type FloatTensor } from "../../../onnx/tensor.ts";
import { planeColours } from "./decorrelated-colours.ts";
import type { PaintedImage } from "./painting.ts";

/** How the parameters of an ascent become a painting in ellipses. */
export interface EllipseImage extends PaintedImage {
  /** How many, one behind the other, on a ground of one colour. */
  readonly ellipses: number;
}

/** Values of K ellipses, the hindmost first, or their cotangents. */
export interface Ellipses {
  /**
   * [N, K, 3]: a point (X, Y) lies at across . (X, Y, 1) and along . (X, Y, 1) of an ellipse's two
   * half axes, times the square root of `HARDNESS`.
   */
  readonly across: Value;
  readonly along: Value;
  /** [N, K, 1]: what it covers in its middle. */
  readonly opacity: Value;
  /** [N, planes, K + 1]: the ground's colour, and the ellipses'. */
  readonly colours: Value;
}

/** How quickly an ellipse fades at its edge: it covers sigmoid(hardness (1 - distance^2)). */
export const HARDNESS = 8;

/** Numbers of an ellipse behind those of its colour: x, y, size, stretch, turn and opacity. */
const SHAPE_NUMBERS = 6;

/** Half axes of the hindmost and the foremost ellipse at the start, in half the shorter side. */
const [LARGEST, SMALLEST] = [0.7, 0.06];
/** Share of the canvas that their centres are strewn over at the start. */
const STREWN = 0.8;
/** Radians for one of the numbers, as an ellipse may turn while it moves by the same number. */
const TURN = 2;
/** No ellipse hides all that is behind it: there would be no gradient any more. */
const MOST_OPAQUE = 0.98;
/** Opacity as 0.98 sigmoid(slope number + start). */
const [OPACITY_SLOPE, OPACITY_START] = [2, -0.5];
/** Of decorrelated colours for one of the numbers. */
const COLOUR_SLOPE = 6;

/**
 * Of one image's parameters: a row for the ground, whose numbers of a shape say nothing, then one
 * for each ellipse.
 */
export function ellipseParameterShape({ ellipses, planes }: EllipseImage) {
  return [ellipses + 1, planes.length + SHAPE_NUMBERS] as const;
}

/**
 * The parameters [N, K + 1, planes + 6] are numbers about zero, one of which changes an image about
 * as much as another:
 *
 *     centre = strewn_k + (x, y);   half axes = r_k exp(size +- tanh(stretch));
 *     angle = golden angle k + 2 turn;   opacity = 0.98 sigmoid(2 opacity - 1/2)
 *
 * with r_k from large at the back to small in front, and points strewn_k as even as they come. The
 * unit is half the shorter side of the canvas, from its centre.
 */
export function ellipseParameters(canvas: EllipseImage) {
  const planes = canvas.planes.length;
  const shapes = ellipseShapes(canvas);
  const colours = ellipseColours(canvas);
  return (graph: GraphBuilder, parameters: Value) => {
    const [n = 1, rows = 1, numbers = 1] = graph.shapeOf(parameters);
    const joined = (parts: readonly Value[], axis: number) => graph.emit("Concat", parts, { axis });
    const behindColours = slice(graph, parameters, { axis: 2, start: planes, end: numbers });
    const shaped = shapes(graph, slice(graph, behindColours, { axis: 1, start: 1, end: rows }));
    const coloured = colours(graph, slice(graph, parameters, { axis: 2, start: 0, end: planes }));
    const pullback = (cotangent: Ellipses): Value => {
      const ground = zeros(graph, [n, 1, SHAPE_NUMBERS]);
      const ofShapes = joined([ground, shaped.pullback(cotangent)], 1);
      return joined([coloured.pullback(cotangent.colours), ofShapes], 2);
    };
    const { across, along, opacity } = shaped;
    return { made: { across, along, opacity, colours: coloured.colours }, pullback };
  };
}

/** Numbers of the shapes, [N, K, 6], to where and how the ellipses lie. */
function ellipseShapes(canvas: EllipseImage) {
  const { ellipses: count } = canvas;
  const strewn = strewnCentres(canvas);
  const radii = column(count, (k) => {
    const share = count === 1 ? 0 : k / (count - 1);
    const radius = LARGEST * (SMALLEST / LARGEST) ** share;
    return Math.log(radius) - Math.log(HARDNESS) / 2;
  });
  // multiples of the golden angle never come back to one another
  const angles = column(count, (k) => (k * Math.PI * (3 - Math.sqrt(5))) % (2 * Math.PI));

  return (graph: GraphBuilder, numbers: Value) => {
    const { add, sub, mul, div } = arithmetic(graph);
    const neg = (a: Value) => graph.emit("Neg", [a]);
    const joined = (parts: readonly Value[]) => graph.emit("Concat", parts, { axis: 2 });
    const part = (value: Value, i: number) =>
      slice(graph, value, { axis: 2, start: i, end: i + 1 });

    const [x, y, size, stretch, turn, opaque] = Array.from({ length: SHAPE_NUMBERS }, (_, i) =>
      part(numbers, i),
    ) as [Value, Value, Value, Value, Value, Value];
    const centreX = add(x, graph.constant(strewn.x));
    const centreY = add(y, graph.constant(strewn.y));
    const logRadius = add(size, graph.constant(radii));
    const bounded = graph.emit("Tanh", [stretch]);
    const angle = add(mul(turn, TURN), graph.constant(angles));
    const [cos, sin] = [graph.emit("Cos", [angle]), graph.emit("Sin", [angle])];
    const perHalfAxis = (logHalfAxis: Value) => graph.emit("Exp", [neg(logHalfAxis)]);
    const line = (a: Value, b: Value) => joined([a, b, neg(add(mul(a, centreX), mul(b, centreY)))]);
    const toAcross = perHalfAxis(add(logRadius, bounded));
    const toAlong = perHalfAxis(sub(logRadius, bounded));
    const across = line(mul(toAcross, cos), mul(toAcross, sin));
    const along = line(neg(mul(toAlong, sin)), mul(toAlong, cos));
    const share = graph.emit("Sigmoid", [add(mul(opaque, OPACITY_SLOPE), OPACITY_START)]);
    const opacity = mul(share, MOST_OPAQUE);

    const pullback = (d: Omit<Ellipses, "colours">): Value => {
      const dot = (a: Value, b: Value) =>
        graph.emit("ReduceSum", [mul(a, b), graph.ints([2])], { keepdims: 1 });
      // a point moves the other way than the centre
      const ofCentre = (i: number) =>
        neg(add(mul(part(across, i), part(d.across, 2)), mul(part(along, i), part(d.along, 2))));
      const [ofAcross, ofAlong] = [dot(d.across, across), dot(d.along, along)];
      // turned, a point moves along by what it lies across, in half axes of another length
      const ratio = div(toAcross, toAlong);
      const ofAngle = sub(mul(dot(d.across, along), ratio), div(dot(d.along, across), ratio));
      const ofOpacity = mul(d.opacity, mul(opacity, sub(1, share)));
      return joined([
        ofCentre(0),
        ofCentre(1),
        neg(add(ofAcross, ofAlong)),
        mul(sub(ofAlong, ofAcross), sub(1, mul(bounded, bounded))),
        mul(ofAngle, TURN),
        mul(ofOpacity, OPACITY_SLOPE),
      ]);
    };
    return { across, along, opacity, pullback };
  };
}

/** Numbers of the colours, [N, K + 1, planes], to the planes. */
function ellipseColours({ saturation, planes }: EllipseImage) {
  const inColour = planeColours(saturation, planes);
  return (graph: GraphBuilder, numbers: Value) => {
    const turned = (value: Value) => graph.emit("Transpose", [value], { perm: [0, 2, 1] });
    const { mul } = arithmetic(graph);
    const { image, pullback } = inColour(graph, mul(turned(numbers), COLOUR_SLOPE));
    return {
      /** [N, planes, K + 1] */
      colours: image,
      pullback: (cotangent: Value) => turned(mul(pullback(cotangent), COLOUR_SLOPE)),
    };
  };
}

/** A number for each ellipse, [K, 1]. */
function column(count: number, of: (k: number) => number): FloatTensor {
  return floatTensor(
    [count, 1],
    Array.from({ length: count }, (_, k) => of(k)),
  );
}

/** The root of x^3 = x + 1: multiples of its powers cover a plane as the golden ratio's a line. */
const PLASTIC = 1.324717957244746;

/**
 * Points that leave no gaps, however many there are, [K, 1] each: R2, of Martin Roberts, "The
 * Unreasonable Effectiveness of Quasirandom Sequences", 2018.
 */
function strewnCentres({ size: { height, width }, ellipses: count }: EllipseImage) {
  const unit = Math.min(height, width);
  const along = (side: number, power: number) =>
    column(count, (k) => {
      const share = (0.5 + (k + 1) / PLASTIC ** power) % 1;
      return (STREWN * (2 * share - 1) * side) / unit;
    });
  return { x: along(width, 1), y: along(height, 2) };
}

import type { Size } from "./raster.ts";

/** A translucent ellipse: a unit circle that is drawn out, turned and moved. */
export interface SvgEllipse {
  /** From the circle to pixels, as SVG's matrix: x' = a x + c y + e, y' = b x + d y + f. */
  readonly matrix: readonly [a: number, b: number, c: number, d: number, e: number, f: number];
  readonly colour: SvgColour;
  /** In its middle, 0 to 1. */
  readonly opacity: number;
}

/** Red, green and blue, 0 to 255. */
export type SvgColour = readonly number[];

export interface EllipsePicture {
  /** In pixels. */
  readonly size: Size;
  /** What is behind all of them. */
  readonly ground: SvgColour;
  /** The hindmost first. */
  readonly ellipses: readonly SvgEllipse[];
  /** Share of its opacity so many half axes from its middle: from 1 down to nearly 0. */
  readonly fade: (distance: number) => number;
}

/** Half axes at which a gradient has its stops; between them the fade is nearly linear. */
const STOPS = [0, 0.5, 0.65, 0.75, 0.84, 0.92, 1, 1.08, 1.17, 1.28, 1.45];
const REACH = STOPS.at(-1)!;

/** A picture in ellipses as an SVG document, which can be printed at any size. */
export function ellipseSvg({ size, ground, ellipses, fade }: EllipsePicture): string {
  const { width, height } = size;
  const stops = STOPS.map((distance) => {
    return { offset: short(distance / REACH), opacity: short(fade(distance)) };
  });
  const gradients = ellipses.map(({ colour }, i) => {
    const each = stops.map(
      ({ offset, opacity }) =>
        `<stop offset="${offset}" stop-color="${hex(colour)}" stop-opacity="${opacity}"/>`,
    );
    return `<radialGradient id="e${i + 1}">${each.join("")}</radialGradient>`;
  });
  const circles = ellipses.map(({ matrix, opacity }, i) => {
    const transform = `matrix(${matrix.map(short).join(" ")})`;
    return `<circle r="${REACH}" fill="url(#e${i + 1})" fill-opacity="${short(opacity)}" transform="${transform}"/>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">`,
    `<defs>`,
    ...gradients,
    `</defs>`,
    `<rect width="${width}" height="${height}" fill="${hex(ground)}"/>`,
    ...circles,
    `</svg>`,
    ``,
  ].join("\n");
}

/** A thousandth of a pixel is seen by nobody. */
const short = (value: number) => String(Number(value.toFixed(3)));

function hex(colour: SvgColour): string {
  const pair = (value: number) => Math.round(value).toString(16).padStart(2, "0");
  return `#${colour.map(pair).join("")}`;
}

import type { Attribution } from "../../optvis/quality/attribution.ts";
import type { PixelAttribution } from "../../optvis/quality/pixel-attribution.ts";
import {
  CHANNELS_AT_PLACE,
  EXPLAINED_CHANNELS,
  EXPLAINED_CLASSES,
  MAX_MAP_SIDE,
  MAX_POINTED_SIDE,
} from "../limits.ts";
import type { Explanation, SeenClass } from "./explain.ts";
import type { Figures } from "./figures-schema.ts";

/** Of a place's contribution: a map is to be looked at. */
const MAP_DIGITS = 4;
/** Of a channel's at a place: as many as people read of it. */
const READ_DIGITS = 3;

export function figuresOf({ of, seen, layer, attribution, pixels }: Explanation): Figures {
  const { score } = attribution;
  // one place is the whole image, and no map of it
  const mapSize = attribution.places.length > 1 ? attribution.mapSize : null;
  const contributed = attribution.channels.reduce((sum, each) => sum + each.contribution, 0);
  const size = mapSize && reducedSize(mapSize, (side) => Math.min(side, MAX_MAP_SIDE));
  const mapOf = (places: Float64Array) =>
    mapSize === null || size === null
      ? []
      : Array.from(summedUp(places, mapSize, size), (value) => rounded(value, MAP_DIGITS));
  return {
    class: plain(of),
    seen: seen.slice(0, EXPLAINED_CLASSES).map(plain),
    layer: { index: layer.index, name: layer.name, channels: layer.channels },
    score,
    contributed,
    mapSize: size,
    places: mapOf(attribution.places),
    specialTokens: [...attribution.specialTokens],
    channels: attribution.channels
      .filter(({ contribution }) => contribution > 0)
      .slice(0, EXPLAINED_CHANNELS)
      .map(({ channel, contribution, places }) => ({
        channel,
        contribution,
        share: score > 0 ? contribution / score : null,
        places: mapOf(places),
      })),
    atPlaces: mapSize && atPlaces(attribution.channels, mapSize),
    pixels: pixels && pixelFigures(pixels),
  };
}

/** How much all pixels contribute, and of what. */
export function pixelFigures({ data, score, baselineScore, steps, noise }: PixelAttribution) {
  const contributed = data.reduce((sum, value) => sum + value, 0);
  return { score, baselineScore, contributed, steps, noise };
}

/** @param mapSize of the channels' places */
function atPlaces(
  channels: Attribution["channels"],
  mapSize: readonly [number, number],
): Figures["atPlaces"] {
  const size = reducedSize(mapSize, pointedSide);
  const maps = channels.map(({ channel, places }) => ({
    channel,
    map: summedUp(places, mapSize, size),
  }));
  const strongestAt = (place: number) =>
    maps
      .map(({ channel, map }) => ({ channel, contribution: map[place]! }))
      .filter(({ contribution }) => contribution > 0)
      .toSorted((a, b) => b.contribution - a.contribution)
      .slice(0, CHANNELS_AT_PLACE)
      .map((each) => ({ ...each, contribution: rounded(each.contribution, READ_DIGITS) }));
  const [rows, columns] = size;
  return {
    mapSize: size,
    channels: Array.from({ length: rows * columns }, (_, place) => strongestAt(place)),
  };
}

/** That of a larger map is a half of its side, a third and so on, where that is whole. */
const pointedSide = (side: number) => Math.ceil(side / Math.ceil(side / MAX_POINTED_SIDE));

const rounded = (value: number, digits: number) => Number(value.toPrecision(digits));

const plain = ({ channel, label, activation, probability }: SeenClass) => ({
  channel,
  label,
  activation,
  probability,
});

type MapSize = [rows: number, columns: number];

const reducedSize = (
  [rows, columns]: readonly [number, number],
  reduced: (side: number) => number,
): MapSize => [reduced(rows), reduced(columns)];

/**
 * A map with fewer places, of the same sum: each place goes to those that it lies in, by its area.
 *
 * @param map [rows, columns] of `from`
 * @param to no more rows or columns than `from`
 */
export function summedUp(
  map: Float64Array,
  from: readonly [rows: number, columns: number],
  to: readonly [rows: number, columns: number],
): Float64Array {
  const [rows, columns] = [0, 1].map((axis) => sharesAlong(from[axis]!, to[axis]!));
  const summed = new Float64Array(to[0] * to[1]);
  rows!.forEach((inRows, y) => {
    columns!.forEach((inColumns, x) => {
      const value = map[y * from[1] + x]!;
      for (const [row, down] of inRows) {
        for (const [column, across] of inColumns) {
          summed[row * to[1] + column]! += value * down * across;
        }
      }
    });
  });
  return summed;
}

/** Of each of `from` places along an axis: which of the `to` it lies in, and how much of it. */
function sharesAlong(from: number, to: number) {
  return Array.from({ length: from }, (_, place): readonly (readonly [number, number])[] => {
    const first = Math.floor((place * to) / from);
    // in places of `from`, so that whole ones stay whole
    const inFirst = Math.min(1, ((first + 1) * from) / to - place);
    return inFirst === 1 || first + 1 === to
      ? [[first, 1]]
      : [
          [first, inFirst],
          [first + 1, 1 - inFirst],
        ];
  });
}

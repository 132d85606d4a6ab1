import { EXPLAINED_CHANNELS, EXPLAINED_CLASSES, MAX_MAP_SIDE } from "../limits.ts";
import type { Explanation, SeenClass } from "./explain.ts";
import type { Figures } from "./figures-schema.ts";

/** Of a place's contribution: a map is to be looked at. */
const MAP_DIGITS = 4;

export function figuresOf({ of, seen, layer, attribution }: Explanation): Figures {
  const { score } = attribution;
  // one place is the whole image, and no map of it
  const mapSize = attribution.places.length > 1 ? attribution.mapSize : null;
  const contributed = attribution.channels.reduce((sum, each) => sum + each.contribution, 0);
  const size = mapSize && reducedSize(mapSize);
  const mapOf = (places: Float64Array) =>
    mapSize === null || size === null
      ? []
      : Array.from(summedUp(places, mapSize, size), (value) =>
          Number(value.toPrecision(MAP_DIGITS)),
        );
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
  };
}

const plain = ({ channel, label, activation, probability }: SeenClass) => ({
  channel,
  label,
  activation,
  probability,
});

type MapSize = [rows: number, columns: number];

const reducedSize = ([rows, columns]: readonly [number, number]): MapSize => [
  Math.min(rows, MAX_MAP_SIDE),
  Math.min(columns, MAX_MAP_SIDE),
];

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

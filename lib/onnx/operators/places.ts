import type { Node } from "../model.ts";
import { sizeOf } from "../tensor.ts";
import { normaliseIndex } from "./axes.ts";
import { stridesOf } from "./elements.ts";

/** What constant indices read or replace of a tensor X, seen as rows of elements side by side. */
export interface Places {
  /** Elements of a row. */
  readonly length: number;
  /** Rows of X. */
  readonly count: number;
  /** Rows that are read or replaced, in the order of the indices. */
  readonly rows: readonly number[];
}

/** Integers as a node has them, in a shape. */
export interface Indices {
  readonly shape: readonly number[];
  readonly numbers: readonly number[];
}

/**
 * Those of GatherND and ScatterND: each row of the indices, [..., depth], says a place in the axes
 * after the first `batch`, along which X and the indices lie side by side.
 *
 * @throws ModelError for an index outside of its axis
 */
export function placesOfTuples(
  node: Node,
  shape: readonly number[],
  indices: Indices,
  batch = 0,
): Places {
  const depth = indices.shape.at(-1) ?? 0;
  const axes = shape.slice(batch, batch + depth);
  const length = sizeOf(shape.slice(batch + depth));
  const strides = stridesOf(axes);
  const each = sizeOf(indices.shape.slice(batch, -1));
  const tuples = sizeOf(indices.shape.slice(0, -1));
  const rows = Array.from({ length: tuples }, (_, tuple) => {
    const first = Math.floor(tuple / each) * sizeOf(axes);
    return axes.reduce((row, along, axis) => {
      const index = normaliseIndex(node, indices.numbers[tuple * depth + axis]!, along);
      return row + index * strides[axis]!;
    }, first);
  });
  return { length, count: sizeOf(shape.slice(0, batch + depth)), rows };
}

/**
 * Those of GatherElements and ScatterElements: single elements, each at its own place in the
 * indices but for `axis`, along which the index says where.
 *
 * @throws ModelError for an index outside of its axis
 */
export function placesOfElements(
  node: Node,
  shape: readonly number[],
  indices: Indices,
  axis: number,
): Places {
  const [strides, own] = [stridesOf(shape), stridesOf(indices.shape)];
  const rows = indices.numbers.map((index, element) =>
    shape.reduce((row, along, each) => {
      const at = Math.floor(element / own[each]!) % indices.shape[each]!;
      return row + (each === axis ? normaliseIndex(node, index, along) : at) * strides[each]!;
    }, 0),
  );
  return { length: 1, count: sizeOf(shape), rows };
}

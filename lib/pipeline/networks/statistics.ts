import { setImmediate as nextTurn } from "node:timers/promises";

/** Looked at in one turn of the event loop: some milliseconds. */
const AT_ONCE = 2 ** 21;
/** Of more elements nothing is told: so many take half a second. */
const MOST_ELEMENTS = 2 ** 27;

export interface Statistics {
  readonly min: number;
  readonly mean: number;
  readonly max: number;
  /** Standard deviation, of all the elements there are. */
  readonly deviation: number;
}

/** `null` of no elements, of very many, and where they are not all finite. */
export async function statisticsOf(values: Float32Array): Promise<Statistics | null> {
  if (values.length === 0 || values.length > MOST_ELEMENTS) return null;
  let [min, max, sum, squares] = [Infinity, -Infinity, 0, 0];
  for await (const part of inTurns(values)) {
    for (const value of part) {
      if (value < min) min = value;
      if (value > max) max = value;
      sum += value;
    }
  }
  const mean = sum / values.length;
  // NaN and the infinities go into the sum
  if (!Number.isFinite(mean)) return null;
  for await (const part of inTurns(values)) {
    for (const value of part) squares += (value - mean) ** 2;
  }
  const deviation = Math.sqrt(squares / values.length);
  return { min: fewestDigits(min), mean, max: fewestDigits(max), deviation };
}

async function* inTurns(values: Float32Array) {
  for (let start = 0; start < values.length; start += AT_ONCE) {
    yield values.subarray(start, start + AT_ONCE);
    if (start + AT_ONCE < values.length) await nextTurn();
  }
}

/** A float32 in as few digits as tell it from all others: 0.1, not 0.10000000149011612. */
export function fewestDigits(value: number): number {
  for (let digits = 1; digits <= 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return short;
  }
  return value;
}

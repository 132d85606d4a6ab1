import type { GraphBuilder } from "../../onnx/graph-builder.ts";
import type { Value } from "../../onnx/model.ts";

/**
 * Elements of a run: several of its size fit a core's own cache, where elementwise operators run at
 * three times the speed, and none is so small that starting an operator is most of its time.
 */
const ELEMENTS = 100_000;

/** Channels of a run come in blocks, the largest of ONNX Runtime's blocked layout. */
const BLOCK = 16;

/** Blocks of a run at most: a matrix that sums over a window of more channels is mostly zeros. */
const MOST_BLOCKS = 6;

/** Share of a run that a window may reach: beyond that, runs would mostly read their neighbours. */
const LARGEST_REACH = 1 / 4;

/**
 * Values [N, C, H, W] taken apart into runs of channels, and put together again. Remembers which
 * values were put together from what, so that a reader in runs is spared both.
 */
export class ChannelRuns {
  readonly #graph: GraphBuilder;
  readonly #parts = new Map<Value, readonly Value[]>();

  constructor(graph: GraphBuilder) {
    this.#graph = graph;
  }

  /** The runs of a value, one where a few channels or a wide window make more of no use. */
  split(value: Value, reach: number): readonly Value[] {
    const known = this.partsOf(value);
    if (known) return known;
    const [n = 1, channels = 1, height = 1, width = 1] = this.#graph.shapeOf(value);
    const fitting = Math.round(ELEMENTS / (n * height * width * BLOCK));
    const length = BLOCK * Math.min(Math.max(fitting, 1), MOST_BLOCKS);
    const count = reach > LARGEST_REACH * length ? 1 : Math.round(channels / length);
    if (count < 2) return [value];
    const bound = (run: number) =>
      run === count ? channels : BLOCK * Math.round((run * channels) / (count * BLOCK));
    const lengths = Array.from({ length: count }, (_, run) => bound(run + 1) - bound(run));
    return this.#cut(value, lengths);
  }

  /** The runs of a value with as many channels each as those of another. */
  splitLike(value: Value, runs: readonly Value[]): readonly Value[] {
    const lengthsOf = (parts: readonly Value[]) => parts.map((run) => this.#graph.shapeOf(run)[1]!);
    const lengths = lengthsOf(runs);
    const known = this.partsOf(value);
    if (known && lengthsOf(known).join() === lengths.join()) return known;
    return lengths.length === 1 ? [value] : this.#cut(value, lengths);
  }

  #cut(value: Value, lengths: readonly number[]): readonly Value[] {
    const inputs = [value, this.#graph.ints(lengths)];
    return this.#graph.emitMany("Split", inputs, { axis: 1 }, lengths.length);
  }

  join(parts: readonly Value[]): Value {
    if (parts.length === 1) return parts[0]!;
    const whole = this.#graph.emit("Concat", parts, { axis: 1 });
    this.#parts.set(whole, parts);
    return whole;
  }

  /** What a value was put together from, if it was. */
  partsOf(value: Value): readonly Value[] | undefined {
    return this.#parts.get(value);
  }
}

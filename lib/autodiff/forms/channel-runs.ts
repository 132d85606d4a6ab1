import type { GraphBuilder } from "../../onnx/graph-builder.ts";
import type { Value } from "../../onnx/model.ts";

/**
 * Channels of a run: the elements of one fit a core's own cache on images of a few hundred pixels,
 * where elementwise operators run at three times the speed, and a matrix that sums over a window of
 * channels is not mostly zeros.
 */
const RUN = 32;

/** Reach of a window beyond which runs would mostly read their neighbours. */
const LARGEST_REACH = RUN / 4;

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
    const [, channels = 1] = this.#graph.shapeOf(value);
    const count = reach > LARGEST_REACH ? 1 : Math.floor(channels / RUN);
    if (count < 2) return [value];
    const bound = (run: number) => Math.round((run * channels) / count);
    const lengths = Array.from({ length: count }, (_, run) => bound(run + 1) - bound(run));
    const inputs = [value, this.#graph.ints(lengths)];
    return this.#graph.emitMany("Split", inputs, { axis: 1 }, count);
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

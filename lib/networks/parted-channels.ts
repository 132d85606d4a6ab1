/** What a value holds, by its shape; see `Layer`. */
interface Held {
  readonly shape: readonly number[] | null;
  readonly channels: number | null;
  readonly channelAxis: number;
}

/** A layer, as far as it matters here. */
interface Made extends Held {
  readonly type: string;
  readonly learnableCount: number;
  /** Indices of the layers that it reads, 1-based. */
  readonly inputs: readonly number[];
}

/**
 * Whether a layer's channels are parted for a while, and `whole` has the same elements with all of
 * them once more: what its author thinks of as the layer.
 *
 * @param layers those before it, at least
 */
export function isWholeAgain(parted: Made, whole: Held, layers: readonly Made[]): boolean {
  const [made] = parted.inputs.map((index) => layers[index - 1]);
  return made !== undefined && (isOfGroups(parted, whole, made) || isOfHeads(parted, whole, made));
}

/**
 * Groups of channels, each of which a normalisation looks at as one plane; not what flattens it.
 *
 * @param made what it reads
 */
function isOfGroups({ type, channels }: Made, whole: Held, made: Held): boolean {
  if (type !== "InstanceNormalization" || channels === null || whole.channels === null) {
    return false;
  }
  return whole.channels === made.channels && whole.channels > channels;
}

/** Heads of attention, which a product makes, and which then stand side by side. */
function isOfHeads({ type, shape }: Made, whole: Held, made: Made): boolean {
  const isOfProduct = made.type === "MatMul" && made.learnableCount === 0;
  if (type !== "Transpose" || !isOfProduct || !shape || !whole.shape) return false;
  const [heads = 0, width = 0] = shape.slice(-2);
  const beside = [...shape.slice(0, -2), heads * width];
  return whole.channelAxis === beside.length - 1 && whole.shape.join() === beside.join();
}

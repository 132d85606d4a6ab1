import type { Attribute, Graph, Model, Node } from "./model.ts";
import { ARRAYS } from "./operators/elements.ts";
import type { NumericTensor, Tensor } from "./tensor.ts";

/**
 * Of a tensor's buffer, all of which goes with it: a smaller one is copied as fast as it is shared.
 */
const SHARE_FROM_BYTES = 16_384;

/**
 * The model with its weights in shared memory, so that it goes from thread to thread without a copy
 * of them. Weights that have the same bytes in one buffer still have.
 */
export function shareWeights(model: Model): Model {
  const shared = new SharedTensors(model);
  return { ...model, graph: shared.graph(model.graph), folded: shared.all(model.folded) };
}

/** A tensor in shared memory, unless that gains nothing. */
export function sharedTensor<T extends Tensor>(tensor: T): T {
  if (!isWorthwhile(tensor)) return tensor;
  const { buffer, byteOffset, byteLength } = tensor.data;
  return viewOn(tensor, copyOf(new Uint8Array(buffer, byteOffset, byteLength)), 0);
}

/** Tensors in shared memory, in place of a model's. */
class SharedTensors {
  readonly #byTensor = new Map<Tensor, Tensor>();

  constructor({ graph, folded }: Pick<Model, "graph" | "folded">) {
    const tensors = [...new Set([...tensorsOf(graph), ...folded.values()])].filter(isWorthwhile);
    const byBuffer = new Map<ArrayBufferLike, NumericTensor[]>();
    for (const tensor of tensors) {
      const { buffer } = tensor.data;
      const views = byBuffer.get(buffer);
      if (views) views.push(tensor);
      else byBuffer.set(buffer, [tensor]);
    }
    byBuffer.forEach((views, buffer) => this.#share(buffer, views));
  }

  graph(graph: Graph): Graph {
    const nodes = graph.nodes.map((node) => this.#node(node));
    return { ...graph, nodes, initializers: this.all(graph.initializers) };
  }

  all(tensors: ReadonlyMap<string, Tensor>): ReadonlyMap<string, Tensor> {
    return new Map([...tensors].map(([name, tensor]) => [name, this.#of(tensor)]));
  }

  /** What the views leave out of their buffer is left behind, unless they overlap. */
  #share(buffer: ArrayBufferLike, views: readonly NumericTensor[]): void {
    const used = views.reduce((sum, { data }) => sum + data.byteLength, 0);
    const whole = used > buffer.byteLength ? copyOf(new Uint8Array(buffer)) : null;
    for (const tensor of views) {
      const { byteOffset } = tensor.data;
      this.#byTensor.set(tensor, whole ? viewOn(tensor, whole, byteOffset) : sharedTensor(tensor));
    }
  }

  #of(tensor: Tensor): Tensor {
    return this.#byTensor.get(tensor) ?? tensor;
  }

  #node(node: Node): Node {
    const given = Object.entries(node.attributes);
    if (!given.some(([, attribute]) => holdsTensors(attribute))) return node;
    const attributes = given.map(([name, attribute]) => [name, this.#attribute(attribute)]);
    return { ...node, attributes: Object.fromEntries(attributes) as Node["attributes"] };
  }

  #attribute(attribute: Attribute): Attribute {
    if (!holdsTensors(attribute)) return attribute;
    if ("tensor" in attribute) return { tensor: this.#of(attribute.tensor) };
    return { graph: this.graph(attribute.graph) };
  }
}

type Holder = Extract<Attribute, { readonly tensor: Tensor } | { readonly graph: Graph }>;

function holdsTensors(attribute: Attribute): attribute is Holder {
  return typeof attribute === "object" && ("tensor" in attribute || "graph" in attribute);
}

function tensorsOf({ initializers, nodes }: Graph): readonly Tensor[] {
  const inNodes = nodes.flatMap(({ attributes }) =>
    Object.values(attributes)
      .filter(holdsTensors)
      .flatMap((holder) => ("tensor" in holder ? [holder.tensor] : tensorsOf(holder.graph))),
  );
  return [...initializers.values(), ...inNodes];
}

function isWorthwhile<T extends Tensor>(tensor: T): tensor is T & NumericTensor {
  return (
    tensor.type !== "opaque" &&
    tensor.data.buffer instanceof ArrayBuffer &&
    tensor.data.buffer.byteLength >= SHARE_FROM_BYTES
  );
}

function copyOf(bytes: Uint8Array): SharedArrayBuffer {
  const copy = new SharedArrayBuffer(bytes.length);
  new Uint8Array(copy).set(bytes);
  return copy;
}

function viewOn<T extends NumericTensor>(tensor: T, buffer: SharedArrayBuffer, offset: number): T {
  const Elements: new (...part: [SharedArrayBuffer, number, number]) => NumericTensor["data"] =
    ARRAYS[tensor.type];
  return { ...tensor, data: new Elements(buffer, offset, tensor.data.length) };
}

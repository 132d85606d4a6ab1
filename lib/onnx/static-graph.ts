import { type ModelError, ShapeMismatchError } from "./errors.ts";
import type { Facts } from "./facts.ts";
import { neededFor, valuesRead } from "./graph-order.ts";
import type { Graph, Model, Node, Value, ValueInfo } from "./model.ts";
import { imageInputOf } from "./image-input.ts";
import { StaticWalk } from "./static-walk.ts";
import { formatShape, type Tensor } from "./tensor.ts";

/**
 * A network at one image size: every shape known, what does not depend on the image folded away.
 */
export interface StaticGraph {
  /** The image, [N, C, H, W]. */
  readonly input: Value;
  /** The nodes that depend on the image and the few others they need; constants as initializers. */
  readonly graph: Graph;
  /** Type, shape and constant value of every value that could be inferred. */
  readonly facts: Facts;
  /**
   * Why a value cannot be computed: its operator or one before it is not known or does not fit this
   * image size.
   */
  readonly problems: ReadonlyMap<Value, ModelError>;
  /** Why a value is no layer though it can be computed: its leading axis is not the batch. */
  readonly unbatched: ReadonlyMap<Value, ShapeMismatchError>;
  /**
   * Of these, those in whose leading axis each image has several places, one after the other, as
   * windows of tokens: how many. One image alone does not tell, so a second is looked at when this
   * is asked for.
   */
  readonly parts: ReadonlyMap<Value, number>;
  /** Of these, along which other axis the images lie, one place each: tokens [T, N, C] have 1. */
  readonly batchAxes: ReadonlyMap<Value, number>;
}

/**
 * The network at a fixed image shape.
 *
 * A file made for batch 1 works for any N: a Reshape to [1, ...] becomes one to [N, ...], and so do
 * sizes of a Resize and constants that are joined to a value. An If whose condition is known
 * becomes the branch taken, a Loop its rounds, a recurrent node its steps. What cannot be inferred
 * does not throw: it and its dependants are in `problems`.
 *
 * @throws ModelError unless the network has one input of images with that many channels.
 */
export function specialise(
  model: Model,
  imageShape: readonly [n: number, c: number, h: number, w: number],
): StaticGraph {
  const { graph } = model;
  const image = imageInputOf(graph);
  const [n, c, h, w] = imageShape;
  if (image.planes !== c) {
    throw new ShapeMismatchError(
      `image '${image.name}' has ${image.planes} planes, given a shape of ${formatShape(imageShape)}`,
    );
  }

  const single = n === 1 ? null : specialise(model, [1, c, h, w]).facts;
  const walk = new StaticWalk(model, { ...image, shape: imageShape }, single);
  const { facts, problems, unbatched, nodes } = walk;
  let several = n === 1 ? null : walk;
  const placesOf = () => {
    several ??= new StaticWalk(model, { ...image, shape: [2, c, h, w] }, facts);
    return several.batch;
  };
  return {
    input: image.name,
    graph: prune(graph, image, neededNodes(nodes, image.name, facts), facts),
    facts,
    problems,
    unbatched,
    get parts() {
      if (unbatched.size === 0) return NONE;
      const places = placesOf();
      // one image alone has its places one after the other
      if (n === 1) return places.parts;
      return new Map([...places.parts].filter(([value]) => !places.isForOne(value)));
    },
    get batchAxes() {
      return unbatched.size === 0 ? NONE : placesOf().axes;
    },
  };
}

const NONE: ReadonlyMap<Value, number> = new Map();

/** Nodes that the image reaches and that are not constant, and what else those read. */
function neededNodes(nodes: readonly Node[], image: Value, facts: Facts): readonly Node[] {
  const isFolded = (value: Value) => facts.get(value)?.constant !== undefined;
  const computed = nodes.filter(({ outputs }) => outputs.some((each) => each && !isFolded(each)));
  const reached = new Set<Value>([image]);
  const active = computed.filter((node) => {
    const isActive = valuesRead(node).some((value) => reached.has(value));
    if (isActive) for (const output of node.outputs) reached.add(output);
    return isActive;
  });
  return neededFor(
    computed,
    active.flatMap(({ outputs }) => outputs.filter(Boolean)),
  ).nodes;
}

function prune(graph: Graph, image: ValueInfo, nodes: readonly Node[], facts: Facts): Graph {
  const initializers = new Map<Value, Tensor>();
  const outputs = graph.outputs.map(({ name }) => name);
  for (const value of [...nodes.flatMap(valuesRead), ...outputs]) {
    const constant = facts.get(value)?.constant;
    if (constant) initializers.set(value, constant);
  }
  return {
    name: graph.name,
    inputs: [{ ...image, shape: facts.get(image.name)!.shape }],
    outputs: graph.outputs.map((output) => {
      const known = facts.get(output.name);
      return known ? { name: output.name, type: known.type, shape: known.shape } : output;
    }),
    nodes,
    initializers,
  };
}

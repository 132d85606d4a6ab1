import type { ForwardPass } from "../../lib/autodiff/forward-trace.ts";
import { type Attributes, float, type Node, type Value } from "../../lib/onnx/model.ts";
import { constantFacts, type ValueFacts } from "../../lib/onnx/facts.ts";
import { inferNode } from "../../lib/onnx/shape-inference.ts";
import { floatTensor, intsTensor, type Tensor } from "../../lib/onnx/tensor.ts";
import { normal, uniform } from "./random.ts";

/** One operator to append, if it fits: numbers choose the operator and the values it reads. */
export interface Step {
  readonly op: number;
  readonly first: number;
  readonly second: number;
  readonly seed: number;
}

/**
 * A small network from a list of steps: chains, branches and merges over values of up to four axes.
 * Every value depends on the image; the last one is the layer.
 */
export function randomNetwork(imageShape: readonly number[], steps: readonly Step[]): ForwardPass {
  const network = new Network(imageShape);
  for (const step of steps) {
    const grow = GROWTHS[step.op % GROWTHS.length]!;
    grow(network, network.pick(step.first), network.pick(step.second), step.seed);
  }
  return network.pass();
}

class Network {
  readonly #nodes: Node[] = [];
  readonly #initializers = new Map<Value, Tensor>();
  readonly #facts = new Map<Value, ValueFacts>();
  readonly #activations: Value[] = ["image"];

  constructor(imageShape: readonly number[]) {
    this.#facts.set("image", { type: "float32", shape: imageShape });
  }

  /** Recent values are likelier, so that graphs grow deep as well as wide. */
  pick(choice: number): Value {
    const recent = this.#activations.slice(-3);
    const pool = choice % 4 === 0 ? this.#activations : recent;
    return pool[choice % pool.length]!;
  }

  shapeOf(value: Value): readonly number[] {
    return this.#facts.get(value)!.shape;
  }

  weight(tensor: Tensor): Value {
    const name = `w${this.#initializers.size}`;
    this.#initializers.set(name, tensor);
    this.#facts.set(name, constantFacts(tensor));
    return name;
  }

  ints(...values: number[]): Value {
    return this.weight(intsTensor(values));
  }

  add(op: string, inputs: readonly Value[], attributes: Attributes = {}, outputCount = 1): Value {
    const serial = this.#nodes.length;
    const outputs = Array.from({ length: outputCount }, (_, i) => `${op}${serial}_${i}`);
    const node = { op, name: "", domain: "", inputs, outputs, attributes };
    const facts = inferNode(
      node,
      inputs.map((value) => (value ? this.#facts.get(value)! : null)),
    );
    outputs.forEach((value, i) => {
      this.#facts.set(value, facts[i]!);
      this.#activations.push(value);
    });
    this.#nodes.push(node);
    return outputs[0]!;
  }

  pass(): ForwardPass {
    const layer = this.#activations.at(-1)!;
    const needed = new Set([layer]);
    const nodes = this.#nodes.toReversed().filter((node) => {
      const isNeeded = node.outputs.some((value) => needed.has(value));
      if (isNeeded) node.inputs.forEach((value) => needed.add(value));
      return isNeeded;
    });
    return {
      nodes: nodes.toReversed(),
      initializers: this.#initializers,
      input: "image",
      layer,
      layerName: layer,
    };
  }
}

type Growth = (network: Network, a: Value, b: Value, seed: number) => void;

const elementwise =
  (op: string, attributes: Attributes = {}): Growth =>
  (network, a) =>
    network.add(op, [a], attributes);

/** Only where both have one shape. */
const merge =
  (op: string): Growth =>
  (network, a, b) => {
    if (network.shapeOf(a).join() === network.shapeOf(b).join()) network.add(op, [a, b]);
  };

/** Only on images that the window fits into. */
const pool =
  (op: string, kernel: number, stride: number, pad: number): Growth =>
  (network, a) => {
    const [, , h = 0, w = 0] = network.shapeOf(a);
    if (Math.min(h, w) < kernel) return;
    network.add(op, [a], {
      kernel_shape: [kernel, kernel],
      strides: [stride, stride],
      pads: [pad, pad, pad, pad],
    });
  };

const convolution =
  (kernel: number, stride: number, isDepthwise = false): Growth =>
  (network, a, _, seed) => {
    const [, channels = 0, h = 0, w = 0] = network.shapeOf(a);
    if (Math.min(h, w) < kernel) return;
    const inputs = isDepthwise ? 1 : channels;
    const outputs = isDepthwise ? channels : 2 + (seed % 4);
    const { data } = normal([outputs, inputs, kernel, kernel], seed);
    const scale = 1 / Math.sqrt(inputs * kernel ** 2); // keeps activations near 1
    const weight = floatTensor(
      [outputs, inputs, kernel, kernel],
      data.map((x) => x * scale),
    );
    const pad = Math.floor(kernel / 2);
    network.add("Conv", [a, network.weight(weight), network.weight(normal([outputs], seed + 1))], {
      kernel_shape: [kernel, kernel],
      strides: [stride, stride],
      pads: [pad, pad, pad, pad],
      group: isDepthwise ? channels : 1,
    });
  };

const perChannel = (network: Network, a: Value, seed: number): Value =>
  network.weight(normal([network.shapeOf(a)[1]!], seed));

const GROWTHS: readonly Growth[] = [
  convolution(3, 1),
  convolution(1, 1),
  convolution(3, 2),
  convolution(3, 1, true),
  elementwise("Relu"),
  elementwise("Relu"),
  elementwise("LeakyRelu", { alpha: float(0.2) }),
  elementwise("Sigmoid"),
  elementwise("Tanh"),
  elementwise("HardSwish"),
  elementwise("Softplus"),
  elementwise("Elu"),
  elementwise("Abs"),
  elementwise("Identity"),
  elementwise("Softmax", { axis: 1 }),
  elementwise("LRN", { size: 3, alpha: float(0.5) }),
  elementwise("Transpose", { perm: [0, 1, 3, 2] }),
  pool("MaxPool", 2, 2, 0),
  pool("MaxPool", 3, 1, 1),
  pool("MaxPool", 3, 2, 1),
  pool("AveragePool", 2, 2, 0),
  pool("AveragePool", 3, 1, 1),
  merge("Add"),
  merge("Sub"),
  merge("Mul"),
  merge("Max"),
  (network, a, b, seed) => {
    const [shapeA, shapeB] = [network.shapeOf(a), network.shapeOf(b)];
    if (shapeA.join() === shapeB.with(1, shapeA[1]!).join() && shapeA[1]! + shapeB[1]! < 12) {
      network.add("Concat", seed % 2 ? [a, b] : [b, a], { axis: 1 });
    }
  },
  (network, a) => {
    const channels = network.shapeOf(a)[1]!;
    if (channels > 1) network.add("Split", [a, network.ints(1, channels - 1)], { axis: 1 }, 2);
  },
  (network, a) => {
    network.add("Slice", [a, network.ints(0), network.ints(100), network.ints(3), network.ints(2)]);
  },
  (network, a) => {
    network.add("Pad", [a, network.ints(0, 0, 1, 0, 0, 0, 0, 2)]);
  },
  (network, a) => {
    // squeeze and excitation: one value by two paths
    network.add("Mul", [a, network.add("Sigmoid", [network.add("GlobalAveragePool", [a])])]);
  },
  (network, a, _, seed) => {
    const variance = network.weight(uniform([network.shapeOf(a)[1]!], seed + 3, [0.5, 2]));
    const parameters = [0, 1, 2].map((i) => perChannel(network, a, seed + i));
    network.add("BatchNormalization", [a, ...parameters, variance]);
  },
  (network, a, _, seed) => {
    if (network.shapeOf(a)[2]! * network.shapeOf(a)[3]! < 4) return;
    const parameters = [0, 1].map((i) => perChannel(network, a, seed + i));
    network.add("InstanceNormalization", [a, ...parameters], { epsilon: float(0.1) });
  },
  (network, a) => {
    const [, , h = 0, w = 0] = network.shapeOf(a);
    if (h * w > 40) return;
    const scales = network.weight(floatTensor([4], [1, 1, 2, 2]));
    network.add("Resize", [a, "", scales], { mode: "linear" });
  },
];

export const OPERATOR_CHOICES = GROWTHS.length;

import { readFile } from "node:fs/promises";

import { decodeNpy } from "../../lib/image/npy.ts";
import { readModel } from "../../lib/onnx/decode.ts";
import { encodeModel } from "../../lib/onnx/encode.ts";
import { findLayer } from "../../lib/networks/find-layer.ts";
import { layerTable } from "../../lib/networks/layers.ts";
import { specialise } from "../../lib/onnx/static-graph.ts";
import { floatTensor } from "../../lib/onnx/tensor.ts";
import { differentiableGraph } from "../../lib/optvis/graph/differentiable-graph.ts";
import { layerPass } from "../../lib/optvis/graph/layer-pass.ts";
import { Session } from "../../lib/optvis/runtime/session.ts";
import { uniformSource } from "../support/random.ts";

/** The layers and numbers of test/fixtures/make_model_gradients.py, in its order. */
export const LAYERS = [
  "conv1-7x7_s2",
  "conv2-3x3_reduce",
  "inception_3b-output",
  "inception_4e-1x1",
  "loss3-classifier",
];
const NOISE_SEEDS = [1, 2, 3, 4, 5, 6, 7, 8];
const [POSTER_SEED, SIGN_SEED] = [9, 100];
const POSTER_BLOCK_PX = 16;
const PROJECTIONS = 64;

interface Npy {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

interface Size {
  readonly height: number;
  readonly width: number;
}

/** What PyTorch says of one image's gradient. */
interface Reference {
  /** 1-based. */
  readonly channel: number;
  readonly activation: number;
  readonly norm: number;
  readonly products: Float32Array;
}

export interface Comparison {
  readonly activation: number;
  readonly wantedActivation: number;
  /** Distance of ours from PyTorch's, as a share of the latter's norm. */
  readonly error: number;
  readonly errorOfNorm: number;
}

/** Gradients of one network at one size against PyTorch's. */
export class GradientComparer {
  readonly #size: Size;
  readonly #table: Npy;
  readonly #signs: Int8Array;
  readonly images: readonly Float32Array[];

  private constructor(size: Size, table: Npy) {
    this.#size = size;
    this.#table = table;
    this.images = [...NOISE_SEEDS.map((seed) => noise(seed, size)), poster(size)];
    const next = uniformSource(SIGN_SEED);
    this.#signs = Int8Array.from({ length: PROJECTIONS * 3 * size.height * size.width }, () =>
      next() < 0.5 ? 1 : -1,
    );
  }

  /** @param name of test/fixtures/models/NAME-gradients.npy */
  static async open(name: string, size: Size): Promise<GradientComparer> {
    const path = new URL(`../fixtures/models/${name}-gradients.npy`, import.meta.url);
    return new GradientComparer(size, decodeNpy(await readFile(path)));
  }

  /** Of one layer: every noise image, then the posterised one. */
  async compare(
    modelPath: string,
    layerName: string,
    perturb: (gradient: Float32Array) => Float32Array = (gradient) => gradient,
  ): Promise<readonly Comparison[]> {
    const { height, width } = this.#size;
    const model = await readModel(modelPath);
    const shape = [1, 3, height, width] as const;
    const layer = findLayer(layerTable(model, specialise(model, shape)), layerName);
    const pass = layerPass(model, layer, shape);
    const graph = differentiableGraph(pass, { objective: "mean", provider: "cpu" });
    const session = await Session.create(encodeModel(graph), "cpu");
    const comparisons: Comparison[] = [];
    for (const [i, image] of this.images.entries()) {
      const reference = this.#reference(LAYERS.indexOf(layerName), i);
      const selection = new Float32Array(pass.channels);
      selection[reference.channel - 1] = 1;
      const { activation, gradient } = await session.run({
        image: floatTensor(shape, image),
        selection: floatTensor([1, pass.channels], selection),
      });
      if (activation?.type !== "float32" || gradient?.type !== "float32") {
        throw new Error("the graph's outputs are not float32");
      }
      const { error, errorOfNorm } = this.#distance(perturb(gradient.data), reference);
      const wantedActivation = reference.activation;
      comparisons.push({ activation: activation.data[0]!, wantedActivation, error, errorOfNorm });
    }
    await session.release();
    return comparisons;
  }

  #reference(layer: number, image: number): Reference {
    const [, images = 0, columns = 0] = this.#table.shape;
    const at = (layer * images + image) * columns;
    const row = this.#table.data.subarray(at, at + columns);
    const [channel = 0, activation = 0, norm = 0] = row;
    return { channel, activation, norm, products: row.subarray(3) };
  }

  /**
   * For random signs s, the mean of <s, a - b>^2 is |a - b|^2: within a fifth or so for 64 of them.
   */
  #distance(gradient: Float32Array, { norm, products }: Reference) {
    const pixels = gradient.length;
    let squares = 0;
    for (let k = 0; k < PROJECTIONS; k++) {
      let product = 0;
      for (let i = 0; i < pixels; i++) product += this.#signs[k * pixels + i]! * gradient[i]!;
      squares += (product - products[k]!) ** 2;
    }
    const ownNorm = Math.sqrt(gradient.reduce((sum, value) => sum + value * value, 0));
    return {
      error: Math.sqrt(squares / PROJECTIONS) / norm,
      errorOfNorm: Math.abs(ownNorm - norm) / norm,
    };
  }
}

/** [3, H, W], uniform in [-64, 64). */
export function noise(seed: number, { height, width }: Size): Float32Array {
  const next = uniformSource(seed);
  return Float32Array.from({ length: 3 * height * width }, () => next() * 128 - 64);
}

/** [3, H, W], blocks of one of four values per colour. */
function poster({ height, width }: Size): Float32Array {
  const next = uniformSource(POSTER_SEED);
  const [rows, columns] = [height, width].map((side) => Math.ceil(side / POSTER_BLOCK_PX)) as [
    number,
    number,
  ];
  const blocks = Array.from({ length: 3 * rows * columns }, () => Math.floor(next() * 4) * 32 - 48);
  return Float32Array.from({ length: 3 * height * width }, (_, i) => {
    const [colour, y, x] = [
      Math.floor(i / (height * width)),
      Math.floor(i / width) % height,
      i % width,
    ];
    const [row, column] = [Math.floor(y / POSTER_BLOCK_PX), Math.floor(x / POSTER_BLOCK_PX)];
    return blocks[(colour * rows + row) * columns + column]!;
  });
}

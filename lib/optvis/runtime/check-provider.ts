import type { GpuProvider, Provider } from "../../autodiff/provider.ts";
import { encodeModel } from "../../onnx/encode.ts";
import { messageOf } from "../../onnx/errors.ts";
import type { Attributes, Node } from "../../onnx/model.ts";
import { standardNode } from "../../onnx/node.ts";
import { type FloatTensor, floatTensor, sizeOf } from "../../onnx/tensor.ts";
import { differentiableGraph } from "../graph/differentiable-graph.ts";
import type { LayerPass } from "../graph/layer-pass.ts";
import { uniformFrom } from "../random.ts";
import { GpuUnavailableError } from "./errors.ts";
import { PROFILES } from "./providers.ts";
import { type Feeds, type RuntimeTensor, Session } from "./session.ts";

/** The provider runs, but what it computes is not what the CPU computes. */
export class ProviderDiffersError extends Error {
  override readonly name = "ProviderDiffersError";
}

const REMEDY: Readonly<Record<GpuProvider, string>> = {
  cuda: "check the driver and that the CUDA provider belongs to this version of ONNX Runtime",
  webgpu: "check the driver",
};

/** What the gate needs of a session. */
export interface GateSession {
  run(feeds: Feeds): Promise<Readonly<Record<string, RuntimeTensor>>>;
  release(): Promise<void>;
}

export type CreateSession = (model: Uint8Array, provider: Provider) => Promise<GateSession>;

/**
 * Largest accepted distance, as a share of the CPU's norm. Tensor cores (TF32) are off by about
 * 1e-3; a rounding that moves one pool's maximum to its neighbour is 0.04 of the gradient; a wrong
 * kernel or a wrong driver is off by about 1.
 */
const TOLERANCE = 0.1;

/**
 * Pixels and weights are whole numbers that TF32's 11 significant bits hold, so that the first
 * convolution is exact everywhere: ReLU and pool decide alike.
 */
const MAX_PIXEL = 1023;
const MAX_WEIGHT = 7;

/** Every axis has its own length. */
const IMAGE_SHAPE = [2, 3, 24, 20] as const;
const CHANNELS = 7;
/** After a convolution, a pool that halves and a kernel of 2x2. */
const LAYER_SHAPE = [IMAGE_SHAPE[0], CHANNELS, 10, 8] as const;

/** What a machine has to pass before it renders with a provider; `null` for nothing. */
export const PROVIDER_CHECKS: Readonly<Record<Provider, (() => Promise<void>) | null>> = {
  cpu: null,
  cuda: () => checkProvider("cuda"),
  webgpu: () => checkProvider("webgpu"),
};

/**
 * Runs a small network with its gradient (convolution, ReLU, pool, convolution) on the CPU and on
 * a provider, and lets only a machine pass where both agree: without it, a missing library or a
 * broken driver shows as a queue that never empties, or as wrong pictures.
 *
 * @throws GpuUnavailableError, ProviderDiffersError
 */
export async function checkProvider(
  provider: GpuProvider,
  createSession: CreateSession = (model, on) => Session.create(model, on),
): Promise<void> {
  const open = (on: Provider): Promise<GateSession> => {
    const graph = differentiableGraph(smallPass(), { objective: "mean", provider: on });
    return createSession(encodeModel(graph), on);
  };
  const wanted = await runOnce(await open("cpu"));
  const given = await openAndRun(() => open(provider), provider);
  for (const [name, { data: wantedData }] of Object.entries(wanted)) {
    const distance = relativeDistance(given[name]?.data ?? [], wantedData);
    if (distance <= TOLERANCE) continue;
    throw new ProviderDiffersError(
      `${PROFILES[provider].name}'s ${name} is ${distance.toPrecision(3)} of its norm away from the CPU's, wanted at most ${TOLERANCE}; ${REMEDY[provider]}`,
    );
  }
}

async function runOnce(session: GateSession): Promise<Readonly<Record<string, RuntimeTensor>>> {
  try {
    const selection = new Float32Array(IMAGE_SHAPE[0] * CHANNELS);
    selection[3] = 1;
    selection[CHANNELS + 5] = 1;
    return await session.run({
      image: integers("image", IMAGE_SHAPE, MAX_PIXEL),
      selection: floatTensor([IMAGE_SHAPE[0], CHANNELS], selection),
    });
  } finally {
    await session.release();
  }
}

async function openAndRun(open: () => Promise<GateSession>, provider: GpuProvider) {
  const session = await open();
  return runOnce(session).catch((error: unknown) => {
    if (error instanceof GpuUnavailableError) throw error;
    const { name } = PROFILES[provider];
    throw new GpuUnavailableError(`${name} cannot run a small network here: ${messageOf(error)}`, {
      cause: error,
    });
  });
}

function smallPass(): LayerPass {
  const first = node("Conv", ["image", "kernel"], { pads: [1, 1, 1, 1] });
  const relu = node("Relu", first.outputs);
  const pool = node("MaxPool", relu.outputs, { kernel_shape: [3, 3], strides: [2, 2] });
  const second = node("Conv", [...pool.outputs, "kernel2"]);
  return {
    nodes: [first, relu, pool, second],
    initializers: new Map([
      ["kernel", integers("kernel", [5, 3, 3, 3], MAX_WEIGHT)],
      ["kernel2", integers("kernel2", [CHANNELS, 5, 2, 2], MAX_WEIGHT)],
    ]),
    input: "image",
    layer: second.name,
    layerName: "gate",
    imageShape: IMAGE_SHAPE,
    channels: CHANNELS,
    layerShape: LAYER_SHAPE,
  };
}

function node(op: string, inputs: readonly string[], attributes: Attributes = {}): Node {
  return standardNode({ op, inputs, outputs: [`${op}(${inputs.join(", ")})`], attributes });
}

/** From -largest to largest. */
function integers(name: string, shape: readonly number[], largest: number): FloatTensor {
  const draw = uniformFrom("gate", name);
  const count = 2 * largest + 1;
  const data = Array.from({ length: sizeOf(shape) }, () => Math.floor(draw() * count) - largest);
  return floatTensor(shape, data);
}

/** |given - wanted| / |wanted|, Euclidean; infinite if a value is missing or not a number. */
export function relativeDistance(
  given: ArrayLike<number | bigint>,
  wanted: ArrayLike<number | bigint>,
): number {
  let [squares, norm] = [0, 0];
  for (let i = 0; i < wanted.length; i++) {
    squares += (Number(given[i] ?? NaN) - Number(wanted[i])) ** 2;
    norm += Number(wanted[i]) ** 2;
  }
  const distance = Math.sqrt(squares / norm);
  return Number.isNaN(distance) ? Infinity : distance;
}

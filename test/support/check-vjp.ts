import { expect } from "vitest";

import { UnsupportedGradientError } from "../../lib/autodiff/errors.ts";
import { formsOf } from "../../lib/autodiff/forms/index.ts";
import type { Provider } from "../../lib/autodiff/provider.ts";
import { type VjpContext, vjpContext, type VjpRule } from "../../lib/autodiff/rule.ts";
import { GraphBuilder } from "../../lib/onnx/graph-builder.ts";
import type { Attributes, Node, Value } from "../../lib/onnx/model.ts";
import {
  type ElementType,
  type FloatTensor,
  floatTensor,
  type Tensor,
} from "../../lib/onnx/tensor.ts";
import { CUDA_OPERATORS, LEFT_TO_THE_HOST } from "./cuda-operators.ts";
import { normal } from "./random.ts";
import { ON_WEBGPU, REFUSED_ON_WEBGPU, WEBGPU_SESSION, WITHOUT_WEBGPU_KERNEL } from "./webgpu.ts";
import { compile, type FloatTensors } from "./run-graph.ts";
import { addScaled, dot } from "./vectors.ts";

/** An input that the image has no influence on. */
interface ConstantInput {
  readonly constant: Tensor;
}

/** An input that is known only while the network runs, and that the image has no influence on. */
interface ComputedInput {
  readonly computed: ElementType;
  readonly shape: readonly number[];
}

export interface VjpCase {
  readonly op: string;
  readonly attributes?: Attributes | undefined;
  /**
   * Tensors are active: the point where the gradient is taken, further from kinks than `STEP` times
   * a normal deviate. `null` is an optional input left out.
   */
  readonly inputs: readonly (FloatTensor | ConstantInput | ComputedInput | null)[];
  /** @default 1 */
  readonly outputCount?: number;
  /** Outputs that the layer does not depend on: their cotangent is null. */
  readonly unusedOutputs?: readonly number[];
  /** What the rule is told of the node's surroundings; by default nothing. */
  readonly surroundings?: Partial<Pick<VjpContext, "isRectified">>;
  readonly seed?: number;
}

export const constant = (tensor: Tensor): ConstantInput => ({ constant: tensor });

export const computed = (type: ElementType, shape: readonly number[]): ComputedInput => ({
  computed: type,
  shape,
});

/**
 * First step of the central difference, in units of a standard normal direction. Richardson's
 * extrapolation with half of it cancels the h^2 term: truncation ~ STEP^4, rounding ~ 1e-7 / STEP.
 */
const STEP = 2e-2;

/** Of |analytic - numeric| to the norm of J^T v; JAX allows 2e-3 for float32 gradients. */
const GRADIENT_TOLERANCE = 5e-4;

/** Of a forward pass in another form to the operator itself, relative to its largest element. */
const FORWARD_TOLERANCE = 1e-5;

/** The forms that run here: each provider's on the CPU, or WebGPU's on WebGPU. */
const PROVIDERS: readonly Provider[] = ON_WEBGPU ? ["webgpu"] : ["cpu", "cuda", "webgpu"];

/**
 * Asserts <v, J u> = <J^T v, u> for a random pair (u, v), for each active input and the rule's form
 * for each provider.
 *
 * Left: central differences of the operator itself. Right: the rule. All run in ONNX Runtime on the
 * CPU, so the rule is tested as deployed. Also asserted: the rule's forward form computes the
 * operator, cotangents have the shape of their input, constants get none, and the CUDA and WebGPU
 * forms consist of operators with a kernel there. With `ON_WEBGPU` the WebGPU form runs on WebGPU.
 *
 * Scheme: `check_vjp` of HIPS/autograd and JAX.
 */
export async function checkVjp(rule: VjpRule, vjpCase: VjpCase): Promise<void> {
  const { op, inputs, seed = 1 } = vjpCase;
  const at = activeTensors(inputs);
  const forward = await compile(operatorGraph(vjpCase));
  const y = await forward(at);
  const v = cotangents(y, vjpCase);

  const slopes = new Map<Value, { readonly u: FloatTensor; readonly numeric: number }>();
  for (const [i, [name, x]] of Object.entries(at).entries()) {
    const u = normal(x.shape, 1000 * seed + i);
    const along = async (step: number) => {
      const ahead = await forward({ ...at, [name]: addScaled(x, u, step) });
      const behind = await forward({ ...at, [name]: addScaled(x, u, -step) });
      return (dotAll(v, ahead) - dotAll(v, behind)) / (2 * step);
    };
    slopes.set(name, { u, numeric: (4 * (await along(STEP / 2)) - (await along(STEP))) / 3 });
  }

  for (const provider of PROVIDERS) {
    if (provider === "webgpu" && REFUSED_ON_WEBGPU.has(op)) {
      expect(() => vjpGraph(rule, vjpCase, provider, v)).toThrow(/WebGPU .*; render it on the CPU/);
      continue;
    }
    const { graph, silent } = vjpGraph(rule, vjpCase, provider, v);
    if (provider === "cuda") expectCudaKernels(graph.nodes);
    if (provider === "webgpu") {
      const missing = graph.nodes.filter((node) => WITHOUT_WEBGPU_KERNEL.has(node.op));
      expect(missing, "operators without a WebGPU kernel").toEqual([]);
    }
    const run = await compile(graph, ON_WEBGPU ? WEBGPU_SESSION : {});
    const results = await run({ ...at, ...v });
    for (const [name, expected] of Object.entries(y)) {
      expectClose(results[name]!, expected, `${op} (${provider}): forward form of ${name}`);
    }
    for (const [name, { u, numeric }] of slopes) {
      const isZero = silent.has(name);
      const dX = isZero
        ? floatTensor(
            u.shape,
            u.data.map(() => 0),
          )
        : results[`d_${name}`]!;
      expect(dX.shape, `${op} (${provider}): shape of the cotangent of ${name}`).toEqual(u.shape);
      const analytic = dot(dX, u);
      const norm = Math.sqrt(dot(dX, dX)) || Math.sqrt(dotAll(v, v));
      expect(
        Math.abs(analytic - numeric) / norm,
        `${op} (${provider}), input ${name}: analytic ${analytic}, numeric ${numeric}`,
      ).toBeLessThan(GRADIENT_TOLERANCE);
    }
  }
}

/**
 * Value and cotangents of active inputs (`d_x0`, ...) by a rule, for comparison with a reference.
 */
export async function runRule(
  rule: VjpRule,
  vjpCase: VjpCase,
  provider: Provider,
  dY: FloatTensor,
): Promise<FloatTensors> {
  const { graph } = vjpGraph(rule, vjpCase, provider, { v0: dY });
  const run = await compile(graph, provider === "webgpu" && ON_WEBGPU ? WEBGPU_SESSION : {});
  return run({ ...activeTensors(vjpCase.inputs), v0: dY });
}

/** The rule's context for a case, in a new graph, to try what it refuses or declares. */
export function contextOf(vjpCase: VjpCase, provider: Provider = "cpu"): VjpContext {
  const graph = new GraphBuilder();
  const { op, attributes = {}, inputs, outputCount = 1, surroundings } = vjpCase;
  const values = declareInputs(graph, inputs);
  const outputs = Array.from({ length: outputCount }, (_, i) => `y${i}`);
  const node: Node = { op, name: "", domain: "", inputs: values, outputs, attributes };
  return vjpContext({
    graph,
    node,
    inputs: values,
    forms: formsOf(provider, graph),
    isActive: (index) => isActive(inputs[index]),
    isRectified: () => false,
    ...surroundings,
  });
}

/** Asserts that the rule refuses a case, and that the message has these words. */
export function expectRefused(rule: VjpRule, vjpCase: VjpCase, message: string): void {
  const apply = () => rule(contextOf(vjpCase));
  expect(apply).toThrow(UnsupportedGradientError);
  expect(apply).toThrow(message);
}

function operatorGraph({ op, attributes = {}, inputs, outputCount = 1 }: VjpCase) {
  const graph = new GraphBuilder();
  const outputs = graph.emitMany(op, declareInputs(graph, inputs), attributes, outputCount);
  return graph.build(
    "operator",
    outputs.map((value, i) => [`y${i}`, value]),
  );
}

/**
 * Graph of y and the cotangents `d_x`; `silent` are active inputs for which the rule gives null.
 */
function vjpGraph(rule: VjpRule, vjpCase: VjpCase, provider: Provider, v: FloatTensors) {
  const context = contextOf(vjpCase, provider);
  const { graph } = context;
  const { outputs, pullback } = rule(context);
  for (const [name, { shape }] of Object.entries(v)) graph.input(name, "float32", shape);
  const dX = pullback(outputs.map((_, i) => (v[`v${i}`] ? `v${i}` : null)));

  const silent = new Set<Value>();
  const gradients = context.inputs.flatMap((name, i) => {
    const cotangent = dX[i] ?? null;
    if (!context.isActive(i)) expect(cotangent, `constant input ${i} gets no gradient`).toBeNull();
    else if (cotangent === null) silent.add(name);
    return cotangent === null ? [] : [[`d_${name}`, cotangent] as const];
  });
  const forward = outputs.map((value, i) => [`y${i}`, value] as const);
  return { graph: graph.build("vjp", [...forward, ...gradients]), silent };
}

function declareInputs(graph: GraphBuilder, inputs: VjpCase["inputs"]): Value[] {
  return inputs.map((input, i) => {
    if (input === null) return "";
    if ("constant" in input) return graph.constant(input.constant);
    return graph.input(`x${i}`, "computed" in input ? input.computed : "float32", input.shape);
  });
}

function isActive(input: VjpCase["inputs"][number] | undefined): input is FloatTensor {
  return !!input && !("constant" in input) && !("computed" in input);
}

function activeTensors(inputs: VjpCase["inputs"]): FloatTensors {
  return Object.fromEntries(
    inputs.flatMap((input, i) => (isActive(input) ? [[`x${i}`, input]] : [])),
  );
}

function cotangents(y: FloatTensors, { unusedOutputs = [], seed = 1 }: VjpCase): FloatTensors {
  return Object.fromEntries(
    Object.entries(y).flatMap(([, { shape }], i) =>
      unusedOutputs.includes(i) ? [] : [[`v${i}`, normal(shape, 2000 * seed + i)]],
    ),
  );
}

function expectCudaKernels(nodes: readonly Node[]): void {
  const missing = nodes
    .map(({ op }) => op)
    .filter((op) => !CUDA_OPERATORS.has(op) && !LEFT_TO_THE_HOST.has(op));
  expect(missing, "operators without a CUDA kernel").toEqual([]);
}

function expectClose(actual: FloatTensor, expected: FloatTensor, what: string): void {
  expect(actual.shape, `${what}: shape`).toEqual(expected.shape);
  const scale = Math.max(...expected.data.map(Math.abs), 1e-30);
  const error = Math.max(...actual.data.map((value, i) => Math.abs(value - expected.data[i]!)), 0);
  expect(error / scale, `${what}: relative error`).toBeLessThan(FORWARD_TOLERANCE);
}

/** Sum over the cotangents `v0`, `v1`, ... of their product with the outputs `y0`, `y1`, ... */
function dotAll(v: FloatTensors, y: FloatTensors): number {
  return Object.entries(v).reduce((sum, [name, vi]) => {
    const other = y[name] ?? y[name.replace("v", "y")];
    return sum + (other ? dot(vi, other) : 0);
  }, 0);
}

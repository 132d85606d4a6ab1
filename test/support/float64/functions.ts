import type { Node } from "../../../lib/onnx/model.ts";
import { floatAttribute } from "../../../lib/onnx/node.ts";

/** Functions of one number, by operator; attributes' defaults are ONNX's. */
export const FUNCTIONS: Readonly<Record<string, (node: Node) => (x: number) => number>> = {
  Relu: () => (x) => Math.max(x, 0),
  LeakyRelu: (node) => {
    const alpha = floatAttribute(node, "alpha", 0.01);
    return (x) => (x < 0 ? alpha * x : x);
  },
  Elu: (node) => {
    const alpha = floatAttribute(node, "alpha", 1);
    return (x) => (x < 0 ? alpha * Math.expm1(x) : x);
  },
  Sigmoid: () => (x) => 1 / (1 + Math.exp(-x)),
  HardSigmoid: (node) => {
    const [alpha, beta] = [floatAttribute(node, "alpha", 0.2), floatAttribute(node, "beta", 0.5)];
    return (x) => Math.min(Math.max(alpha * x + beta, 0), 1);
  },
  HardSwish: () => (x) => x * Math.min(Math.max(x / 6 + 0.5, 0), 1),
  Mish: () => (x) => x * Math.tanh(Math.log1p(Math.exp(x))),
  Tanh: () => Math.tanh,
  Softplus: () => (x) => Math.log1p(Math.exp(x)),
  Softsign: () => (x) => x / (1 + Math.abs(x)),
  Erf: () => erf,
  Exp: () => Math.exp,
  Log: () => Math.log,
  Sqrt: () => Math.sqrt,
  Reciprocal: () => (x) => 1 / x,
  Neg: () => (x) => -x,
  Abs: () => Math.abs,
  Sin: () => Math.sin,
  Cos: () => Math.cos,
  Identity: () => (x) => x,
  Dropout: () => (x) => x,
  Cast: () => (x) => x,
};

/** Of two numbers, broadcast. */
export const BINARY: Readonly<Record<string, (a: number, b: number) => number>> = {
  Add: (a, b) => a + b,
  Sub: (a, b) => a - b,
  Mul: (a, b) => a * b,
  Div: (a, b) => a / b,
  Pow: Math.pow,
  Max: Math.max,
  Min: Math.min,
  PRelu: (x, slope) => (x < 0 ? slope * x : x),
  Sum: (a, b) => a + b,
};

/** 2 / sqrt(pi) times the series of x - x^3 / 3 + x^5 / 10 - ...; 1 beyond what a double tells. */
function erf(x: number): number {
  if (Math.abs(x) > 6) return Math.sign(x);
  // e^(-x^2) times a series without alternating signs
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > 1e-18 * Math.abs(sum); n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

/** Whether what is written for WebGPU runs there, as in `npm run test:webgpu`. */
export const ON_WEBGPU = process.env["DREAMGRID_TEST_WEBGPU"] === "1";

/** What ONNX Runtime is told of such graphs. */
export const WEBGPU_SESSION = {
  executionProviders: ["webgpu"],
  graphOptimizationLevel: "basic",
  // a node without a kernel is an error, not a copy to the CPU and back
  extra: { session: { disable_cpu_ep_fallback: "1" } },
} as const;

/**
 * Operators with a rule that WebGPU has no right kernel for, and that no others take the place of.
 */
export const REFUSED_ON_WEBGPU: ReadonlySet<string> = new Set(
  "Acos Asin Atan Cos Sin Tan".split(" "),
);

/**
 * Operators without a float32 kernel, which ONNX Runtime gives to the CPU with copies both ways.
 *
 * Source: sessions of ONNX Runtime 1.29 that refuse the CPU (`disable_cpu_ep_fallback`).
 */
export const WITHOUT_WEBGPU_KERNEL: ReadonlySet<string> = new Set([
  "Celu",
  "Dropout",
  "LRN",
  "LogSoftmax",
  "Mean",
  "Selu",
  "Sign",
  "Softsign",
  "SpaceToDepth",
  "Sum",
]);

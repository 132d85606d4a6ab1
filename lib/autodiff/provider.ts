/**
 * Execution providers of ONNX Runtime that a graph is written for: what is fast and safe differs.
 */
export const PROVIDERS = ["cpu", "cuda", "webgpu"] as const;
export type Provider = (typeof PROVIDERS)[number];
export type GpuProvider = Exclude<Provider, "cpu">;

/**
 * The execution provider of ONNX Runtime that a graph is written for; what is fast and safe
 * differs.
 */
export type Provider = "cpu" | "cuda";

import { DerivedTensors } from "../../onnx/derived-tensors.ts";
import type { GraphBuilder } from "../../onnx/graph-builder.ts";
import type { Provider } from "../provider.ts";
import { cpuForms } from "./cpu.ts";
import { cudaForms } from "./cuda.ts";
import type { Forms } from "./forms.ts";
import { webgpuForms } from "./webgpu.ts";

/** The forms of each execution provider; a further provider is one more file beside these. */
const FORMS: Readonly<Record<Provider, (graph: GraphBuilder, derived: DerivedTensors) => Forms>> = {
  cpu: cpuForms,
  cuda: cudaForms,
  webgpu: webgpuForms,
};

/**
 * The forms in which gradients are emitted into `graph` for a provider.
 *
 * @param derived what they make of weights. @default not shared with other graphs
 */
export function formsOf(
  provider: Provider,
  graph: GraphBuilder,
  derived: DerivedTensors = new DerivedTensors(),
): Forms {
  return FORMS[provider](graph, derived);
}

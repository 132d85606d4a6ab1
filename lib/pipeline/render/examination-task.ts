import { asSize } from "../request/complete-request.ts";
import type { ExaminationTask, RenderTask } from "./renderer.ts";

/**
 * How a task's tiles are looked at: as its network saw them, a Fourier canvas at its crops' size.
 */
export function examinationTask({ network, provider, request }: RenderTask): ExaminationTask {
  const size = request.method === "fourier" ? asSize(request.cropSize) : network.model.inputSize;
  const { layer, channelAxis } = request;
  return { network, provider, layer, channelAxis, size };
}

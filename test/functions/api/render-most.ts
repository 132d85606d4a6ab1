import { renderMessages } from "../../../lib/pipeline/render/render-messages.ts";
import { FakeRenderer } from "../../support/fake-renderer.ts";
import { deliveries, type MemoryPipeline } from "../../support/memory-pipeline.ts";

/** Renders what is in the queue: channel 2 fails, channels that `take` leaves out wait on. */
export async function renderMost(
  pipeline: MemoryPipeline,
  take: (channel: number) => boolean = () => true,
): Promise<void> {
  const messages = deliveries(pipeline.cpu).filter((_, i) => take(i + 1));
  await renderMessages(messages, pipeline.renderDeps(new FakeRenderer({ unrenderable: [2] })));
}

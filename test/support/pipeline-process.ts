/**
 * A part of the pipeline in a process of its own, for tests that kill it. Its argument is a
 * ProcessConfig as JSON.
 */
import { once } from "node:events";

import * as z from "zod";

import { FakeRenderer } from "./fake-renderer.ts";
import { remotePipeline } from "./remote-pipeline.ts";

const processConfigSchema = z.strictObject({
  url: z.string(),
  modelCacheFolder: z.string(),
  role: z.enum(["worker", "assembler"]),
  /** Workers: channels whose group throws. */
  throwing: z.array(z.int()),
  /** Workers: channels whose messages are given back untouched, until they are dead letters. */
  vanishing: z.array(z.int()),
  /** Images differ from process to process, as they do on GPUs. */
  noise: z.number(),
  /**
   * SIGKILL to itself: a worker in mid-batch after so many channels, an assembler while assembling.
   */
  diesAfterChannels: z.int().nullable(),
  diesAssembling: z.boolean(),
  /** Workers: takes its messages, and begins none of them before it is sent one itself. */
  isHeld: z.boolean(),
});
export type ProcessConfig = z.infer<typeof processConfigSchema>;

const config = processConfigSchema.parse(JSON.parse(process.argv[2] ?? "{}"));
const die = () => process.kill(process.pid, "SIGKILL");

const isDoomed = config.diesAfterChannels !== null || config.diesAssembling;

const mayBegin = config.isHeld ? once(process, "message") : Promise.resolve();

let rendered = 0;
const renderer = new FakeRenderer({
  throwing: config.throwing,
  noise: config.noise,
  beforeChannel: async () => {
    await mayBegin;
    if (config.diesAfterChannels !== null && rendered++ >= config.diesAfterChannels) die();
  },
});
const pipeline = remotePipeline({
  url: config.url,
  modelCacheFolder: config.modelCacheFolder,
  renderer: config.role === "worker" ? renderer : null,
  ...(isDoomed ? { visibilitySeconds: 3 } : {}),
});
pipeline.events.listen((event) => {
  // the last word before the completion marker: sheet, manifest and status have been written
  const isAssembling = event.kind === "progress" && event.progress.state !== "running";
  if (isAssembling && config.diesAssembling) die();
  if (event.kind === "completed") process.send?.({ completed: event.completion.jobId });
});
const channelBody = z.object({ channel: z.int() });
const vanishes = ({ body }: { body: string }) =>
  config.vanishing.includes(channelBody.safeParse(JSON.parse(body)).data?.channel ?? -1);
const source = pipeline.serve(
  [config.role === "worker" ? "channels" : "assembly"],
  (handler) => async (event) => {
    const vanished = event.Records.filter(vanishes);
    const rest = event.Records.filter((record) => !vanishes(record));
    const { batchItemFailures } = await handler({ Records: rest });
    const failures = vanished.map(({ messageId }) => ({ itemIdentifier: messageId }));
    return { batchItemFailures: [...batchItemFailures, ...failures] };
  },
);
process.send?.({ ready: true });
process.once("disconnect", () => {
  void source.stop().then(() => process.exit(0));
});

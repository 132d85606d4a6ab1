import { stat } from "node:fs/promises";
import { resolve as absolute } from "node:path";

import { cacheFolder, defaultFolders } from "../../lib/networks/folders.ts";
import type { GpuGate } from "../../lib/optvis/runtime/gpu-gate.ts";
import { localGpuGate } from "../../lib/optvis/runtime/local-gpu.ts";
import type { VersionedPhotograph } from "../../lib/pipeline/dataset/dataset-looks.ts";
import { photographOf, photographsAt } from "../../lib/pipeline/dataset/photographs.ts";
import { EngineRenderer } from "../../lib/pipeline/render/engine-renderer.ts";
import type { Renderer } from "../../lib/pipeline/render/renderer.ts";
import { startService } from "../serve.ts";
import { ServeProgress } from "../serve-progress.ts";
import { checkTemporaryFolder, makeFolders } from "./folders.ts";
import { interruption, portProblem } from "./listening.ts";
import { serveInstructions } from "./serve-instructions.ts";
import type { Terminal } from "./terminal.ts";

export interface ServeFlags {
  readonly awsPort: number;
  readonly apiPort: number;
  readonly data: string;
  readonly photos?: string;
  readonly threads?: number;
}

export interface ServeHooks {
  /** What renders; tests put a fake in its place. @default the engine */
  readonly createRenderer?: (threads: number | undefined, gate: GpuGate | null) => Renderer;
  /** @default that of the service */
  readonly recoverySeconds?: number;
}

export async function runServe(
  { data, threads, awsPort, apiPort, photos }: ServeFlags,
  { env, print, note }: Terminal,
  { createRenderer = engineRenderer, ...hooks }: ServeHooks,
): Promise<void> {
  await checkTemporaryFolder();
  const dataFolder = absolute(data);
  await makeFolders(dataFolder);
  const paths = photos === undefined ? [] : await photographsAt(photos);
  const stop = interruption();
  const gate = localGpuGate(env, { threads, tell: note, cacheFolder: cacheFolder(env) });
  const renderer = createRenderer(threads, gate);
  try {
    const service = await startService({
      dataFolder,
      awsPort,
      apiPort,
      renderer,
      gate,
      threads,
      networkFolders: defaultFolders(env),
      photographs: await Promise.all(paths.map(photographAt)),
      ...hooks,
    }).catch((error: unknown) => {
      throw portProblem(error, "choose others with --aws-port and --api-port");
    });
    const { pipeline } = service;
    const linkTo = (key: string) => pipeline.store.linkToGet(key);
    pipeline.listen(new ServeProgress({ print, linkTo }).listener);
    print(serveInstructions(service));
    await stop;
    note("stopping; the next start goes on with unfinished jobs");
    await service.stop();
  } finally {
    await renderer.close();
  }
}

/** A job's graphs take up to a gigabyte, and half a second to compile for the next one. */
const IDLE_SECONDS = 60;

const engineRenderer: NonNullable<ServeHooks["createRenderer"]> = (threads, gate) =>
  new EngineRenderer({ threads, gate, idleSeconds: IDLE_SECONDS });

/** Of a file that is changed it is another. */
async function photographAt(path: string, index: number): Promise<VersionedPhotograph> {
  // a link that leads nowhere is left out, and told of, when it is looked at
  const file = await stat(path).catch(() => null);
  const version = JSON.stringify([absolute(path), file?.size, file?.mtimeMs]);
  return { ...photographOf(path, index), version };
}

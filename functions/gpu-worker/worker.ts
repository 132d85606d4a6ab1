import type { Provider } from "../../lib/autodiff/provider.ts";
import { EXIT, type ExitCode } from "./exit-codes.ts";
import { type LoopDeps, runLoop } from "./loop.ts";

export interface WorkerDeps extends LoopDeps {
  /** Throws unless the provider works here as it does on the CPU; `null` for the CPU itself. */
  readonly check: (() => Promise<void>) | null;
}

/**
 * The life of one worker. In GPU mode it starts only where CUDA passes its check: a worker that
 * silently rendered on the CPU would cost as much as a GPU and take a hundred times as long.
 */
export async function runWorker(deps: WorkerDeps, stop: AbortSignal): Promise<ExitCode> {
  const { log, provider, check, renderer } = deps;
  try {
    await check?.();
  } catch (error) {
    log.error("worker does not start: CUDA did not pass its check", { error });
    return EXIT.noCard;
  }
  log.info("worker started", { provider });
  const end = await runLoop(deps, stop);
  log.info("worker ended", { end });
  // a broken one may never come back from closing
  if (end === "broken") return EXIT.again;
  await renderer.close();
  return end === "idle" ? EXIT.idle : EXIT.again;
}

/** The CPU is for tests, and only when asked for. @throws Error for any other value */
export function parseProvider(value: string | null): Provider {
  if (value === null || value === "cuda") return "cuda";
  if (value === "cpu") return "cpu";
  throw new Error(`environment variable PROVIDER is '${value}'; wanted "cuda" or "cpu"`);
}

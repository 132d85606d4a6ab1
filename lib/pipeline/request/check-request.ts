import type { Raster } from "../../image/raster.ts";
import type { AnalysedNetwork } from "../networks/analyse-network.ts";
import { readInitialImage, type ReadNamedFile } from "./initial-image.ts";
import { requireMemory } from "./memory-problems.ts";
import type { RenderRequest } from "./request.ts";
import { resolveRequest } from "./resolve-request.ts";
import type { ResolvedRequest } from "./resolved-request.ts";
import { pinTargetFiles } from "./target-files.ts";

export interface RequestSurroundings {
  /** Reads the files that the request names. */
  readonly read: ReadNamedFile;
  /** Memory where it would be drawn on a CPU. */
  readonly memoryBytes: number;
}

/**
 * Checks with its files that a request can be run, before any work starts.
 *
 * @returns it with everything found and filled in, and the image that its ascent begins with
 * @throws RequestError listing every problem
 */
export async function checkRequest(
  request: RenderRequest,
  network: AnalysedNetwork,
  { read, memoryBytes }: RequestSurroundings,
): Promise<{ readonly resolved: ResolvedRequest; readonly initialImage: Raster | null }> {
  const initial = await readInitialImage(request, read);
  const files = await pinTargetFiles(request.targets, read);
  const resolved = await resolveRequest(request, network, initial?.pinned ?? null, files);
  requireMemory(resolved, memoryBytes);
  return { resolved, initialImage: initial?.raster ?? null };
}

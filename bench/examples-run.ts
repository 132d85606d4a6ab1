import { readFile } from "node:fs/promises";

import { networkFolders } from "../lib/networks/folders.ts";
import { openNetwork } from "../lib/networks/registry.ts";
import { analyseNetwork } from "../lib/pipeline/networks/analyse-network.ts";
import { EngineRenderer } from "../lib/pipeline/render/engine-renderer.ts";
import { parseLocalRequest } from "../lib/pipeline/request/request.ts";
import { resolveRequest } from "../lib/pipeline/request/resolve-request.ts";
import { secondsOfImages } from "./renderings.ts";

/**
 * The requests named, from noise to raw images, by the engine alone: no pipeline, no files, no
 * sheet.
 */
const renderer = new EngineRenderer();
for (const file of process.argv.slice(2)) {
  const request = parseLocalRequest(JSON.parse(await readFile(file, "utf8")));
  const opened = await openNetwork(request.network, networkFolders(process.env));
  const network = await analyseNetwork(opened);
  const resolved = await resolveRequest(request, network, null);
  const { channels } = resolved;
  const task = { network, request: resolved.request, channels, initialImage: null } as const;
  await secondsOfImages(renderer, [{ ...task, provider: "cpu" }]);
}
await renderer.close();

import { cacheFolder, defaultFolders } from "../../lib/networks/folders.ts";
import { type Network, openNetwork } from "../../lib/networks/registry.ts";
import { type Layer, findLayer } from "../../lib/onnx/layers.ts";
import { analyseNetwork, type NetworkAnalysis } from "../../lib/pipeline/analyse-network.ts";
import type { Terminal } from "./terminal.ts";
import { UsageError } from "./user-errors.ts";

export interface OpenedNetwork extends NetworkAnalysis {
  readonly network: Network;
}

/**
 * Opens a network by id or `.onnx` path and reads its layers; downloads and assumptions are told on
 * standard error.
 */
export async function openForCommand(
  idOrPath: string,
  { env, note, progressBar }: Terminal,
): Promise<OpenedNetwork> {
  const download = progressBar(`fetching ${idOrPath}`);
  const network = await openNetwork(idOrPath, {
    folders: defaultFolders(env),
    cacheFolder: cacheFolder(env),
    onProgress: ({ receivedBytes, totalBytes }) => download.show(receivedBytes, totalBytes),
  });
  download.end();
  if (network.notice) note(network.notice);
  return { network, ...(await analyseNetwork(network)) };
}

/**
 * A network and one of its layers, by name or by 1-based index as a command line spells either.
 *
 * @throws LayerNotFoundError if no layer answers to it; UsageError if it is none that has a gradient
 */
export async function openLayer(
  idOrPath: string,
  reference: string,
  terminal: Terminal,
): Promise<OpenedNetwork & { readonly layer: Layer }> {
  const opened = await openForCommand(idOrPath, terminal);
  const layer = findLayer(opened.layers, /^-?\d+$/.test(reference) ? Number(reference) : reference);
  if (layer.type === "Input") {
    throw new UsageError(
      `layer ${layer.index} '${layer.name}' is the image itself; choose one of 2 to ${opened.layers.length}`,
    );
  }
  return { ...opened, layer };
}

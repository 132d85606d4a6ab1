import { cacheFolder, defaultFolders } from "../../lib/networks/folders.ts";
import { type Network, openNetwork } from "../../lib/networks/registry.ts";
import { type Layer, findLayer } from "../../lib/onnx/layers.ts";
import { analyseNetwork, type NetworkAnalysis } from "../../lib/pipeline/analyse-network.ts";
import { note, progressBar } from "./terminal.ts";

export interface OpenedNetwork extends NetworkAnalysis {
  readonly network: Network;
}

/**
 * Opens a network by id or `.onnx` path and reads its layers; downloads and assumptions are told on
 * standard error.
 */
export async function openForCommand(idOrPath: string): Promise<OpenedNetwork> {
  const download = progressBar(`fetching ${idOrPath}`);
  const network = await openNetwork(idOrPath, {
    folders: defaultFolders(process.env),
    cacheFolder: cacheFolder(process.env),
    onProgress: ({ receivedBytes, totalBytes }) => download.show(receivedBytes, totalBytes),
  });
  download.end();
  if (network.notice) note(network.notice);
  return { network, ...(await analyseNetwork(network)) };
}

/** A layer by name or by 1-based index, as a command line spells either. */
export function layerByReference(layers: readonly Layer[], reference: string): Layer {
  return findLayer(layers, /^-?\d+$/.test(reference) ? Number(reference) : reference);
}

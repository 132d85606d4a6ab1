import type { GivenInput } from "../../lib/networks/describe-input.ts";
import { networkFolders } from "../../lib/networks/folders.ts";
import { type Network, openNetwork } from "../../lib/networks/registry.ts";
import type { LayerWithChannels } from "../../lib/networks/layers.ts";
import { foldWeights } from "../../lib/optvis/runtime/fold-constants.ts";
import { type AnalysedNetwork, withModel } from "../../lib/pipeline/networks/analyse-network.ts";
import { findLayerWithChannels } from "../../lib/pipeline/networks/layer-problems.ts";
import { alongAxis } from "../../lib/pipeline/request/requested-layer.ts";
import { givenInput } from "./given-input.ts";
import type { InputFlags } from "./input-options.ts";
import type { LayerFlags } from "./options.ts";
import type { Terminal } from "./terminal.ts";

/** Finds a network by id or `.onnx` path; a download is told on standard error. */
export async function fetchNetwork(
  idOrPath: string,
  { env, progressBar, reader }: Terminal,
  input?: GivenInput,
): Promise<Network> {
  const download = progressBar(`fetching ${idOrPath}`);
  try {
    return await openNetwork(idOrPath, {
      ...networkFolders(env),
      input,
      reader,
      onProgress: ({ receivedBytes, totalBytes }) => download.show(receivedBytes, totalBytes),
    });
  } finally {
    // what went wrong is told on a line of its own
    download.end();
  }
}

/** Finds a network and reads its layers. @throws UsageError for a bad value of an input */
export async function openForCommand(
  idOrPath: string,
  terminal: Terminal,
  flags: InputFlags,
): Promise<AnalysedNetwork> {
  const input = await givenInput(flags);
  const analysed = await terminal.analyse(await fetchNetwork(idOrPath, terminal, input));
  return withModel(analysed, await foldWeights(analysed.model));
}

/** For commands that check requests of the network that they have read: it is analysed once. */
export function analysingOnce(terminal: Terminal): Terminal {
  let analysing: ReturnType<Terminal["analyse"]> | null = null;
  return { ...terminal, analyse: (network) => (analysing ??= terminal.analyse(network)) };
}

/**
 * Tells what was assumed of the network, by commands that cannot be told otherwise; after the work,
 * so that a refusal is one line.
 */
export function noteAssumptions({ notice }: AnalysedNetwork, { note }: Terminal): void {
  if (notice) note(`${notice}, to: dreamgrid models add`);
}

/** A layer's name, or its index, as a command line spells either. */
export function asReference(reference: string): string | number {
  return /^-?\d+$/.test(reference) ? Number(reference) : reference;
}

/**
 * A network and one of its layers, by name or by 1-based index as a command line spells either.
 *
 * @throws LayerNotFoundError if no layer answers to it, or it has no channels to render;
 *   RequestError if it has no such axis of channels
 */
export async function openLayer(
  { network, layer: reference, channelAxis }: Pick<LayerFlags, "network" | "layer" | "channelAxis">,
  terminal: Terminal,
  input: InputFlags,
): Promise<AnalysedNetwork & { readonly layer: LayerWithChannels }> {
  const opened = await openForCommand(network, terminal, input);
  const layer = findLayerWithChannels(opened, asReference(reference));
  return {
    ...opened,
    layer: channelAxis === undefined ? layer : alongAxis(layer, channelAxis),
  };
}

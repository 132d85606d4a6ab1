import { parentPort, workerData } from "node:worker_threads";

import { NetworkError } from "../../networks/errors.ts";
import type { Network } from "../../networks/registry.ts";
import { ModelError } from "../../onnx/errors.ts";
import type { Model } from "../../onnx/model.ts";
import { type AnalysedNetwork, analyseNetwork } from "./analyse-network.ts";

/** An analysed network as it goes from thread to thread: nothing in it but data. */
export interface SentNetwork extends Omit<AnalysedNetwork, "model"> {
  readonly model: Omit<AnalysedNetwork["model"], "model"> & {
    readonly model: Omit<Model, "derived">;
  };
}

export type AnalysisReply =
  | { readonly kind: "done"; readonly network: SentNetwork }
  /** The file is not one that can be used. */
  | { readonly kind: "refused"; readonly message: string }
  /** A fault of ours. */
  | { readonly kind: "failed"; readonly error: unknown };

/** Thread that analyses the one network that it is given, and ends. */
async function reply(network: Network): Promise<AnalysisReply> {
  try {
    const { model: analysed, ...rest } = await analyseNetwork(network);
    const { derived: _, ...model } = analysed.model;
    return { kind: "done", network: { ...rest, model: { ...analysed, model } } };
  } catch (error) {
    if (error instanceof ModelError || error instanceof NetworkError) {
      return { kind: "refused", message: error.message };
    }
    return { kind: "failed", error };
  }
}

const port = parentPort;
if (port) {
  port.postMessage(await reply(workerData as Network));
}

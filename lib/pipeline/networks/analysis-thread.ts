import { readlinkSync } from "node:fs";
import { parentPort } from "node:worker_threads";

import type { GivenInput } from "../../networks/describe-input.ts";
import { checksumsOf, type ModelFile } from "../../networks/network-files.ts";
import { NetworkError } from "../../networks/errors.ts";
import {
  type DescribedModel,
  describeRead,
  type NewModel,
  readHere,
} from "../../networks/model-reader.ts";
import type { Network } from "../../networks/registry.ts";
import { readModel } from "../../onnx/decode.ts";
import { ModelError } from "../../onnx/errors.ts";
import type { Model } from "../../onnx/model.ts";
import { type AnalysedNetwork, analyseNetwork } from "./analyse-network.ts";

/** An analysed network as it goes from thread to thread: nothing in it but data. */
export interface SentNetwork extends Omit<AnalysedNetwork, "model"> {
  readonly model: Omit<AnalysedNetwork["model"], "model"> & {
    readonly model: Omit<Model, "derived">;
  };
}

/** What the thread is asked for: what a `ModelReader` does, and the analysis itself. */
export type AnalysisTask =
  | { readonly kind: "identify"; readonly path: string; readonly name: string }
  | { readonly kind: "describe"; readonly model: NewModel; readonly given: GivenInput }
  | { readonly kind: "analyse"; readonly network: Network };

export interface AnalysisResults {
  readonly identify: ModelFile;
  readonly describe: DescribedModel;
  readonly analyse: SentNetwork;
}

type Result = AnalysisResults[AnalysisTask["kind"]];

export type AnalysisReply =
  /** The system's number of this thread, where it has one: tasks begin. */
  | { readonly kind: "ready"; readonly systemId: number | null }
  | { readonly kind: "done"; readonly result: Result }
  /** The file is not one that can be used. */
  | { readonly kind: "refused"; readonly by: "model" | "network"; readonly message: string }
  /** A fault of ours. */
  | { readonly kind: "failed"; readonly error: unknown };

/** The model that was described last: it is analysed next, and need not be read again. */
let described: { readonly key: string; readonly model: Model } | null = null;

async function resultOf(task: AnalysisTask): Promise<Result> {
  const last = described;
  described = null;
  switch (task.kind) {
    case "identify":
      return readHere.identify(task.path, task.name);
    case "describe": {
      const { model: file, given } = task;
      const model = await readModel(file.path, given);
      if (!given.constants) described = { key: keyOf(file), model };
      return describeRead(model, given, file.path);
    }
    case "analyse": {
      const { modelPath: path, file, description } = task.network;
      const isRead = last?.key === keyOf({ path, file }) && !description.input.constants;
      return sent(await analyseNetwork(task.network, isRead ? last.model : undefined));
    }
    default:
      return task satisfies never;
  }
}

/** The same for the same bytes at the same place. */
const keyOf = ({ path, file }: NewModel) => `${path}\n${checksumsOf(file)}`;

function sent({ model: analysed, ...rest }: AnalysedNetwork): SentNetwork {
  const { derived: _, ...model } = analysed.model;
  return { ...rest, model: { ...analysed, model } };
}

async function reply(task: AnalysisTask): Promise<AnalysisReply> {
  try {
    return { kind: "done", result: await resultOf(task) };
  } catch (error) {
    if (error instanceof ModelError) {
      return { kind: "refused", by: "model", message: error.message };
    }
    if (error instanceof NetworkError) {
      return { kind: "refused", by: "network", message: error.message };
    }
    return { kind: "failed", error };
  }
}

/** Linux's number of this thread. */
function systemId(): number | null {
  try {
    return Number(readlinkSync("/proc/thread-self").split("/").at(-1));
  } catch {
    return null;
  }
}

// Thread that does one task after the other, whichever it is sent.
const port = parentPort;
if (port) {
  port.on("message", (task: AnalysisTask) => {
    void reply(task).then((answer) => port.postMessage(answer));
  });
  port.postMessage({ kind: "ready", systemId: systemId() } satisfies AnalysisReply);
}

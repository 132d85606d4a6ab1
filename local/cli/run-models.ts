import { addNetwork, type NewNetwork } from "../../lib/networks/add.ts";
import type { DownloadProgress } from "../../lib/networks/fetch.ts";
import { cacheFolder, defaultFolders, networkFolders } from "../../lib/networks/folders.ts";
import { findModel, type Network, openNetwork } from "../../lib/networks/registry.ts";
import { surveyNetworks, type SurveyedNetwork } from "../../lib/networks/survey.ts";
import { checkGradients } from "./check-gradients.ts";
import { withFolder } from "./folders.ts";
import { givenInput } from "./given-input.ts";
import type { InputFlags } from "./input-options.ts";
import type { Terminal } from "./terminal.ts";

/** A terminal whose `note` ends no line: downloads are told in one that is written over. */
export type ModelsContext = Pick<Terminal, "env" | "print" | "note" | "analyse" | "reader">;

export interface AddFlags extends InputFlags, Pick<NewNetwork, "id" | "licence"> {
  readonly labels?: string;
  readonly size?: number;
  readonly folder?: string;
}

export async function listModels({ env, print }: ModelsContext): Promise<void> {
  const folders = defaultFolders(env);
  for (const network of await surveyNetworks(folders)) print(await listed(network, folders));
}

export async function printModelPath(id: string, context: ModelsContext): Promise<void> {
  const { modelPath } = await openModel(id, context);
  context.print(modelPath);
}

export async function fetchModel(id: string, context: ModelsContext): Promise<void> {
  const { modelPath } = await openModel(id, context);
  context.print(`${id} is at ${modelPath}`);
}

export async function addModel(
  modelPath: string,
  flags: AddFlags,
  { env, print, note, analyse, reader }: ModelsContext,
): Promise<void> {
  const folder = flags.folder ?? cacheFolder(env);
  await withFolder(folder, async () => {
    const network = await addNetwork(
      {
        id: flags.id,
        licence: flags.licence,
        modelPath,
        labelsPath: flags.labels ?? null,
        sizePx: flags.size ?? null,
        ...(await givenInput(flags)),
      },
      {
        folder,
        folders: defaultFolders(env),
        reader,
        check: async (candidate) => print(checkGradients(await analyse(candidate))),
      },
    );
    print(`added '${flags.id}': ${network.modelPath}`);
    if (network.notice) note(`${network.notice}\n`);
  });
}

/** Finds a network by its id, and fetches its model if need be. */
export async function openModel(
  id: string,
  { env, note, reader }: ModelsContext,
): Promise<Network> {
  let shownPercent = -1;
  const onProgress = ({ receivedBytes, totalBytes }: DownloadProgress) => {
    if (totalBytes === null || totalBytes === 0) return;
    const percent = Math.floor((100 * receivedBytes) / totalBytes);
    if (percent === shownPercent) return;
    shownPercent = percent;
    const megabytes = (totalBytes / 1e6).toFixed(1);
    note(`\rfetching ${id}: ${percent} % of ${megabytes} MB${percent === 100 ? "\n" : ""}`);
  };
  return openNetwork(id, { ...networkFolders(env), reader, onProgress });
}

async function listed(network: SurveyedNetwork, folders: readonly string[]): Promise<string> {
  if (network.kind === "broken") return `${network.id}\tbroken: ${network.error.message}`;
  const { description, id } = network;
  const { width, height } = description.input;
  const found = await findModel(description, folders);
  const source = description.files.find((file) => file.source !== null)?.source;
  const place = found?.path ?? (source ? `fetched on first use from ${source}` : "model missing");
  return `${id}\t${width}x${height}\t${place}\t${description.licence}`;
}

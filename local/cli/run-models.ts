import { addNetwork, type NewNetwork } from "../../lib/networks/add.ts";
import { cacheFolder, defaultFolders } from "../../lib/networks/folders.ts";
import { labelledLayer } from "../../lib/networks/labelled-layer.ts";
import { findModel } from "../../lib/networks/registry.ts";
import { surveyNetworks, type SurveyedNetwork } from "../../lib/networks/survey.ts";
import { checkGradients } from "./check-gradients.ts";
import { withFolder } from "./folders.ts";
import { givenInput } from "./given-input.ts";
import type { InputFlags } from "./input-options.ts";
import { fetchNetwork } from "./network.ts";
import type { Terminal } from "./terminal.ts";

export interface AddFlags extends InputFlags, Pick<NewNetwork, "id" | "licence"> {
  readonly labels?: string;
  readonly size?: number;
  readonly folder?: string;
}

export async function listModels({ env, print }: Terminal): Promise<void> {
  const folders = defaultFolders(env);
  for (const network of await surveyNetworks(folders)) print(await listed(network, folders));
}

export async function printModelPath(id: string, terminal: Terminal): Promise<void> {
  const { modelPath } = await fetchNetwork(id, terminal);
  terminal.print(modelPath);
}

export async function fetchModel(id: string, terminal: Terminal): Promise<void> {
  const { modelPath } = await fetchNetwork(id, terminal);
  terminal.print(`${id} is at ${modelPath}`);
}

export async function addModel(
  modelPath: string,
  flags: AddFlags,
  { env, print, note, analyse, reader }: Terminal,
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
        check: async (candidate) => {
          const analysed = await analyse(candidate);
          if (flags.labels !== undefined && candidate.labels !== null) {
            labelledLayer(analysed.layers, candidate.labels, {
              given: "--labels",
              network: flags.id,
            });
          }
          print(checkGradients(analysed));
        },
      },
    );
    print(`added '${flags.id}': ${network.modelPath}`);
    if (network.notice) note(network.notice);
  });
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

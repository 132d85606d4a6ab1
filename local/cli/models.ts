import { Command, InvalidArgumentError, Option } from "commander";

import { addNetwork } from "../../lib/networks/add.ts";
import type { DownloadProgress } from "../../lib/networks/fetch.ts";
import { cacheFolder, defaultFolders, type Environment } from "../../lib/networks/folders.ts";
import type { Triple } from "../../lib/networks/manifest.ts";
import { findModel, openNetwork } from "../../lib/networks/registry.ts";
import { surveyNetworks, type SurveyedNetwork } from "../../lib/networks/survey.ts";
import { checkGradients } from "./check-gradients.ts";
import { publishCommand } from "./models-publish.ts";

/** What the commands read and write, so that tests can watch. */
export interface ModelsContext {
  readonly env: Environment;
  /** Results, to standard output. */
  readonly print: (line: string) => void;
  /** Progress and notices, to standard error; a text in progress has no line end. */
  readonly note: (text: string) => void;
}

const PROCESS: ModelsContext = {
  env: process.env,
  print: (line) => void process.stdout.write(`${line}\n`),
  note: (text) => void process.stderr.write(text),
};

interface AddFlags {
  readonly id: string;
  readonly mean: Triple;
  readonly scale: Triple;
  readonly channelOrder: "RGB" | "BGR";
  readonly labels?: string;
  readonly size?: number;
  readonly licence: string;
  readonly folder?: string;
}

/** `dreamgrid models`: list, path, fetch, publish and add. */
export function modelsCommand(context: ModelsContext = PROCESS): Command {
  const { env, print } = context;
  const folders = defaultFolders(env);
  const cache = cacheFolder(env);
  const models = new Command("models").description("the networks that can be named by an id");

  models
    .command("list")
    .description("every network found, and where its model is")
    .action(async () => {
      for (const network of await surveyNetworks(folders)) print(await listed(network, folders));
    });

  models
    .command("path")
    .description("the path of a network's model file, fetched if need be")
    .argument("<id>", "a network")
    .action(async (id: string) => {
      print((await open(id, context)).modelPath);
    });

  models
    .command("fetch")
    .description("fetch a network's model now, to work without a connection later")
    .argument("<id>", "a network")
    .action(async (id: string) => {
      const { modelPath } = await open(id, context);
      print(`${id} is at ${modelPath}`);
    });

  models.addCommand(publishCommand({ print, open: (id) => open(id, context) }));

  models
    .command("add")
    .description("give an .onnx file an id and say how its input is scaled")
    .argument("<model>", "path of an .onnx file")
    .requiredOption("--id <id>", "what to call the network")
    .addOption(
      new Option(
        "--mean <values>",
        "subtracted from values in 0..255: one number, or one a channel",
      )
        .argParser(parseTriple)
        .default([128, 128, 128], "128"),
    )
    .addOption(
      new Option("--scale <values>", "multiplied after that: one number, or one a channel")
        .argParser(parseTriple)
        .default([1, 1, 1], "1"),
    )
    .addOption(
      new Option("--channel-order <order>", "order of the input's channels")
        .choices(["RGB", "BGR"])
        .default("RGB"),
    )
    .option("--labels <file>", "class names, one a line")
    .option("--size <pixels>", "side of the images, where the model leaves it open", parsePixels)
    .option("--licence <name>", "licence of the model file", "unknown")
    .option("--folder <folder>", "folder of networks to add it to (default: the cache)")
    .action(async (modelPath: string, flags: AddFlags) => {
      const network = await addNetwork(
        {
          id: flags.id,
          modelPath,
          mean: flags.mean,
          scale: flags.scale,
          channelOrder: flags.channelOrder,
          labelsPath: flags.labels ?? null,
          sizePx: flags.size ?? null,
          licence: flags.licence,
        },
        {
          folder: flags.folder ?? cache,
          folders,
          check: async (candidate) => print(await checkGradients(candidate)),
        },
      );
      print(`added '${flags.id}': ${network.modelPath}`);
    });
  return models;
}

async function listed(network: SurveyedNetwork, folders: readonly string[]): Promise<string> {
  if (network.kind === "broken") return `${network.id}\tbroken: ${network.error.message}`;
  const { manifest, id } = network;
  const { width, height } = manifest.input;
  const found = await findModel(manifest, folders);
  const source = manifest.files.find((file) => file.source !== null)?.source;
  const place = found?.path ?? (source ? `fetched on first use from ${source}` : "model missing");
  return `${id}\t${width}x${height}\t${place}\t${manifest.licence}`;
}

async function open(id: string, { env, note }: ModelsContext) {
  let shownPercent = -1;
  const onProgress = ({ receivedBytes, totalBytes }: DownloadProgress) => {
    if (totalBytes === null || totalBytes === 0) return;
    const percent = Math.floor((100 * receivedBytes) / totalBytes);
    if (percent === shownPercent) return;
    shownPercent = percent;
    const megabytes = (totalBytes / 1e6).toFixed(1);
    note(`\rfetching ${id}: ${percent} % of ${megabytes} MB${percent === 100 ? "\n" : ""}`);
  };
  return openNetwork(id, {
    folders: defaultFolders(env),
    cacheFolder: cacheFolder(env),
    onProgress,
  });
}

function parseTriple(text: string): Triple {
  const values = text.split(",").map((value) => (value.trim() === "" ? Number.NaN : Number(value)));
  const [first, second = first, third = first] = values;
  const isTriple = values.length === 1 || values.length === 3;
  if (first === undefined || second === undefined || third === undefined || !isTriple) {
    throw new InvalidArgumentError('want one number, or three as in "104,117,123"');
  }
  if (!values.every(Number.isFinite)) throw new InvalidArgumentError("want finite numbers");
  return [first, second, third];
}

function parsePixels(text: string): number {
  const pixels = Number(text);
  if (Number.isSafeInteger(pixels) && pixels > 0) return pixels;
  throw new InvalidArgumentError("want a whole number of pixels");
}

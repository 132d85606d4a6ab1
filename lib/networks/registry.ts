import { stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";

import { messageOf } from "../onnx/errors.ts";
import { isAbsence, readIfThere } from "./absence.ts";
import { verifyFile } from "./checksum.ts";
import type { GivenInput } from "./describe-input.ts";
import { didYouMean } from "./did-you-mean.ts";
import { NetworkError, NetworkNotFoundError } from "./errors.ts";
import { downloadFile, type DownloadProgress } from "./fetch.ts";
import { exportRemedy, isOnnxPath, readAsOnnx } from "./foreign-format.ts";
import { parseLabels } from "./labels.ts";
import { type ModelReader, readHere } from "./model-reader.ts";
import { isGiven } from "./preprocessing.ts";
import { NETWORK_ID, type NetworkDescription } from "./description.ts";
import { checksumsOf, filesOf, type ModelFile } from "./network-files.ts";
import { firstDescription, surveyNetworks, surveyOne } from "./survey.ts";

/** A network whose model file is on this machine and is the one its description names. */
export interface Network {
  readonly description: NetworkDescription;
  readonly modelPath: string;
  /** Which of the description's files that is. */
  readonly file: ModelFile;
  /** Name of each class, channel 1 first; `null` where they are not known. */
  readonly labels: readonly string[] | null;
  /** What was assumed about a model opened by its path, or looks wrong, for the user. */
  readonly notice?: string;
  /** Left out where the description is one of a folder's; else it was made of the file alone. */
  readonly isUndescribed?: true;
}

export interface OpenOptions {
  /** What is said of the image of a model opened by its path. */
  readonly input?: GivenInput | undefined;
  /** Who reads a model opened by its path. @default in this thread */
  readonly reader?: ModelReader | undefined;
  /** Searched in this order for `<id>/network.json` and the model file. */
  readonly folders: readonly string[];
  /** Where a model that is nowhere in the folders is downloaded to. */
  readonly cacheFolder: string;
  readonly onProgress?: (progress: DownloadProgress) => void;
  readonly signal?: AbortSignal;
}

/**
 * Opens a network by id, downloading its model on first use, or any `.onnx` file by path.
 *
 * A file whose bytes belong to a network of the folders has that network's description, unless
 * something else is given; what is assumed of any other, `notice` says.
 *
 * @throws NetworkError, or one of its kinds, saying what to do
 */
export async function openNetwork(idOrOnnxPath: string, options: OpenOptions): Promise<Network> {
  const { input = {} } = options;
  if (isOnnxPath(idOrOnnxPath)) return openFile(idOrOnnxPath, options);
  const [given] = Object.entries(input).find(([, value]) => value !== undefined) ?? [];
  if (given === undefined) return openRegistered(idOrOnnxPath, options);
  throw new NetworkError(
    `given ${given} for '${idOrOnnxPath}', which has a description; give the path of its .onnx file, or add that under another id`,
  );
}

/**
 * The networks of the folders, by id.
 *
 * @throws DescriptionError if one of them has a broken description
 */
export async function listNetworks({
  folders,
}: Pick<OpenOptions, "folders">): Promise<readonly NetworkDescription[]> {
  return (await surveyNetworks(folders)).map((network) => {
    if (network.kind === "broken") throw network.error;
    return network.description;
  });
}

interface FoundModel {
  readonly path: string;
  readonly file: ModelFile;
}

/** Path of a network's model in the folders, not checked yet; `null` if it is in none of them. */
export async function findModel(
  description: NetworkDescription,
  folders: readonly string[],
): Promise<FoundModel | null> {
  for (const folder of folders) {
    for (const file of description.files) {
      const path = join(folder, description.id, file.file);
      if (await isThere(path)) return { path, file };
    }
  }
  return null;
}

async function openRegistered(id: string, options: OpenOptions): Promise<Network> {
  const folders = [...new Set([...options.folders, options.cacheFolder])];
  const description = await findDescription(id, folders);
  const found = await findModel(description, folders);
  if (found !== null) await verifyFile(found.path, found.file);
  const { path: modelPath, file } = found ?? (await fetchModel(description, options));
  return {
    description,
    modelPath,
    file,
    labels: await readLabels(description, modelPath, folders),
  };
}

async function findDescription(
  id: string,
  folders: readonly string[],
): Promise<NetworkDescription> {
  const description = NETWORK_ID.test(id) ? await firstDescription(folders, id) : null;
  if (description !== null) return description;
  const remedyOfFile = exportRemedy(id);
  if (remedyOfFile !== null) {
    throw new NetworkNotFoundError(readAsOnnx(id, remedyOfFile));
  }
  if (await isFolder(id)) {
    throw new NetworkNotFoundError(`${id} is a folder; give the path of the .onnx file in it`);
  }
  const known = (await surveyNetworks(folders)).map((network) => network.id);
  const hint = didYouMean(id, known);
  const others = hint ? ` (${hint})` : `; known are: ${known.join(", ") || "none"}`;
  throw new NetworkNotFoundError(
    `no network is called '${id}' in ${folders.join(", ")}${others}; ` +
      "give the path of an .onnx file, or add one with: dreamgrid models add",
  );
}

async function fetchModel(
  description: NetworkDescription,
  options: OpenOptions,
): Promise<FoundModel> {
  const { id, files } = description;
  const accepted = files.map(({ file }) => join(id, file)).join(" or ");
  const wanted = files.find((file) => filesOf(file).every(({ source }) => source !== null));
  if (wanted === undefined) {
    throw new NetworkNotFoundError(
      `the model of network '${id}' is in none of the folders searched and has no address to fetch it from; ` +
        `set DREAMGRID_MODELS to a folder that holds ${accepted}`,
    );
  }
  const target = join(options.cacheFolder, id, wanted.file);
  for (const { name, source, ...file } of filesOf(wanted)) {
    const path = join(options.cacheFolder, id, name);
    const remedy = `check the connection, or download it yourself to ${path}, or set DREAMGRID_MODELS to a folder that holds ${accepted}`;
    await downloadFile({ ...file, url: source!, target: path, remedy }, options);
  }
  return { path: target, file: wanted };
}

/**
 * Names of the classes, channel 1 first; `null` where the description names no file, or none is
 * there. Labels beside the model come first: they came with it.
 */
export async function readLabels(
  { id, labels }: NetworkDescription,
  modelPath: string,
  folders: readonly string[],
): Promise<readonly string[] | null> {
  if (labels === null) return null;
  for (const folder of [dirname(modelPath), ...folders.map((searched) => join(searched, id))]) {
    const text = await readIfThere(join(folder, labels));
    if (text !== null) return parseLabels(text);
  }
  return null;
}

async function openFile(
  path: string,
  { folders, input: given = {}, reader = readHere }: OpenOptions,
): Promise<Network> {
  if (!(await isThere(path))) {
    throw new NetworkNotFoundError(`there is no file ${path}; give the path of an .onnx file`);
  }
  const file = await reader.identify(path, basename(path));
  const known = await findByContent(path, file, folders);
  if (known !== null && !isGiven(given)) {
    return {
      ...known,
      modelPath: path,
      labels: await readLabels(known.description, path, folders),
    };
  }
  const { input, notices, labels } = await reader.describe({ path, file }, given);
  const id = idFrom(file.file);
  // a file may be called anything, in a description it may not
  const named = { ...file, file: NETWORK_ID.test(file.file) ? file.file : `${id}.onnx` };
  return {
    description: { id, licence: "unknown", files: [named], input, labels: null },
    modelPath: path,
    file: named,
    labels: (known && (await readLabels(known.description, path, folders))) ?? labels,
    isUndescribed: true,
    ...(notices.length > 0 && { notice: notices.join("\n") }),
  };
}

function idFrom(fileName: string): string {
  const id = fileName
    .replace(/\.onnx$/i, "")
    .replace(/[^A-Za-z0-9]+/g, "-")
    .replace(/^-|-$/g, "");
  return id.slice(0, 64) || "model";
}

/** The network whose model, and whose files beside it, are these. @param path of the model */
export async function findByContent(
  path: string,
  model: ModelFile,
  folders: readonly string[],
): Promise<Pick<Network, "description" | "file"> | null> {
  const sums = checksumsOf(model);
  // a model in its own network's folder is known even if that is not searched
  const around = dirname(resolve(path));
  const own = await surveyOne(dirname(around), basename(around));
  for (const network of [...(await surveyNetworks(folders)), ...(own ? [own] : [])]) {
    if (network.kind === "broken") continue;
    const { description } = network;
    const file = description.files.find((candidate) => checksumsOf(candidate) === sums);
    if (file !== undefined) return { description, file };
  }
  return null;
}

/** Whether a word that is no network's id is the path of a folder. */
export async function isFolder(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => null);
  return found?.isDirectory() ?? false;
}

async function isThere(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch (error) {
    if (isAbsence(error)) return false;
    throw new NetworkError(`cannot look for ${path}: ${messageOf(error)}`, { cause: error });
  }
}

import { createWriteStream } from "node:fs";
import { copyFile, mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";

import { ModelError } from "../onnx/errors.ts";
import { openExternalFile } from "../onnx/model-files.ts";
import { isAbsence } from "./absence.ts";
import { verifyFile } from "./checksum.ts";
import { NetworkError } from "./errors.ts";
import { parseLabels } from "./labels.ts";
import { DESCRIPTION_FILE, NETWORK_ID, NETWORK_ID_FORM, parseDescription } from "./description.ts";
import { exportRemedy, readAsOnnx } from "./foreign-format.ts";
import { externalFilesOf, type ModelFile } from "./network-files.ts";
import type { GivenInput } from "./describe-input.ts";
import { type ModelReader, readHere } from "./model-reader.ts";
import { isGiven } from "./preprocessing.ts";
import { findByContent, type Network, readLabels } from "./registry.ts";
import { surveyNetworks } from "./survey.ts";
import { decodeText } from "./text.ts";
import { makeWhole } from "./whole.ts";

export interface NewNetwork extends GivenInput {
  readonly id: string;
  readonly modelPath: string;
  /** File with one class name a line. */
  readonly labelsPath: string | null;
  readonly licence: string;
}

export interface AddOptions {
  /** Folder that gets the network as `<folder>/<id>`. */
  readonly folder: string;
  /** Folders searched for networks, in which the id must be new. */
  readonly folders: readonly string[];
  /** Folders with networks whose bytes may be the model's. @default those above */
  readonly known?: readonly string[];
  /** Throws if the model cannot be used; runs before anything is written. */
  readonly check: (network: Network) => Promise<void>;
  /** @default in this thread */
  readonly reader?: ModelReader | undefined;
}

const LABELS_FILE = "labels.txt";

/**
 * Copies a model, its labels and a description into a folder of networks, all or nothing. Of a
 * model whose bytes are a known network's, recipes, image and class names are as there, unless
 * others are given; any model's file may have class names in it.
 *
 * @returns the network as it can now be opened by its id
 */
export async function addNetwork(
  added: NewNetwork,
  { folder, folders, known = folders, check, reader = readHere }: AddOptions,
): Promise<Network> {
  const { id, licence, modelPath, labelsPath, ...given } = added;
  if (!NETWORK_ID.test(id)) throw new NetworkError(`id: given '${id}'; want ${NETWORK_ID_FORM}`);
  await requireFile(modelPath, "the model");
  const ownLabels =
    labelsPath === null ? null : decodeText(await readFileOf(labelsPath, "the labels"), labelsPath);
  const file = await reader.identify(modelPath, `${id}.onnx`).catch((error: unknown) => {
    throw error instanceof ModelError ? asForeign(error, modelPath) : error;
  });
  const same = await findByContent(modelPath, file, known);
  const { input, notices, ...read } =
    same && !isGiven(given)
      ? { input: same.description.input, notices: [], labels: null }
      : await reader.describe({ path: modelPath, file }, given);
  const named = same && (await readLabels(same.description, modelPath, known));
  const labels = ownLabels ?? (named ?? read.labels)?.join("\n") ?? null;
  const description = parseDescription(
    {
      id,
      licence,
      files: [file],
      input,
      labels: labels === null ? null : LABELS_FILE,
      recipes: same?.description.recipes,
    },
    `the new network '${id}'`,
  );
  await requireNewId(id, [folder, ...folders]);
  const names = labels === null ? null : parseLabels(labels);
  const network = { description, modelPath, file, labels: names };
  await check(network);

  const target = join(folder, id);
  await mkdir(folder, { recursive: true });
  await makeWhole(target, async (temporary) => {
    await mkdir(temporary);
    await copyModel(modelPath, join(temporary, file.file), file);
    if (labels !== null) await writeFile(join(temporary, LABELS_FILE), labels);
    await writeFile(join(temporary, DESCRIPTION_FILE), `${JSON.stringify(description, null, 2)}\n`);
  });
  const notice = notices.length > 0 ? { notice: notices.join("\n") } : {};
  return { ...network, ...notice, modelPath: join(target, file.file) };
}

/** Copies a model and the files beside it. @throws IntegrityError if they change meanwhile */
async function copyModel(from: string, to: string, file: ModelFile): Promise<void> {
  for (const { location } of externalFilesOf(file)) {
    const target = join(dirname(to), location);
    await mkdir(dirname(target), { recursive: true });
    const { handle } = await openExternalFile(from, location);
    await pipeline(handle.createReadStream(), createWriteStream(target, { flags: "wx" }));
  }
  await copyFile(from, to);
  await verifyFile(to, file);
}

async function requireNewId(id: string, folders: readonly string[]): Promise<void> {
  const networks = await surveyNetworks(folders);
  if (networks.some((network) => network.id === id)) {
    throw new NetworkError(
      `there is a network '${id}' already; choose another id, or remove it first: dreamgrid models remove ${id}`,
    );
  }
}

/** What cannot be read as ONNX may be another framework's. */
function asForeign(error: ModelError, path: string): Error {
  const remedy = exportRemedy(path);
  return remedy === null ? error : new NetworkError(readAsOnnx(path, remedy), { cause: error });
}

async function requireFile(path: string, what: string): Promise<void> {
  await stat(path).catch((error: unknown) => refuseAbsence(error, path, what));
}

async function readFileOf(path: string, what: string): Promise<Buffer> {
  return readFile(path).catch((error: unknown) => refuseAbsence(error, path, what));
}

function refuseAbsence(error: unknown, path: string, what: string): never {
  // of a folder that is read, Node's error does not say which
  if (!isAbsence(error)) throw error instanceof Error ? Object.assign(error, { path }) : error;
  throw new NetworkError(`there is no file ${path} for ${what}`, { cause: error });
}

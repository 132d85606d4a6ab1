import type { Dirent } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";

import { messageOf } from "../onnx/errors.ts";
import { isAbsence, readIfThere } from "./absence.ts";
import { DescriptionError } from "./errors.ts";
import { DESCRIPTION_FILE, parseDescriptionIn, type NetworkDescription } from "./description.ts";

/** A network's folder, readable or not: one broken description must not hide the others. */
export type SurveyedNetwork =
  | { readonly kind: "network"; readonly id: string; readonly description: NetworkDescription }
  | { readonly kind: "broken"; readonly id: string; readonly error: DescriptionError };

/** Every network of the folders by id; of two with the same id, the one in the earlier folder. */
export async function surveyNetworks(
  folders: readonly string[],
): Promise<readonly SurveyedNetwork[]> {
  const networks = new Map<string, SurveyedNetwork>();
  for (const folder of folders) {
    for (const id of await subfolders(folder)) {
      if (networks.has(id)) continue;
      const network = await surveyOne(folder, id);
      if (network !== null) networks.set(id, network);
    }
  }
  return [...networks.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1));
}

/** A network's description in the first of the folders that has one, or `null` where none has. */
export async function firstDescription(
  folders: readonly string[],
  id: string,
): Promise<NetworkDescription | null> {
  for (const folder of folders) {
    const description = await readDescription(folder, id);
    if (description !== null) return description;
  }
  return null;
}

async function readDescription(folder: string, id: string): Promise<NetworkDescription | null> {
  const path = join(folder, id, DESCRIPTION_FILE);
  const text = await readIfThere(path);
  return text === null ? null : parseDescriptionIn(id, parseJson(text, path), path);
}

/** The network of a folder's subfolder, or `null` where it describes none. */
export async function surveyOne(folder: string, id: string): Promise<SurveyedNetwork | null> {
  try {
    const description = await readDescription(folder, id);
    return description && { kind: "network", id, description };
  } catch (error) {
    if (error instanceof DescriptionError) return { kind: "broken", id, error };
    if (!(error instanceof Error && "code" in error)) throw error;
    // others' folders lie here too, and not all of them may be read
    const reason = `${join(folder, id, DESCRIPTION_FILE)} cannot be read: ${error.message}`;
    return { kind: "broken", id, error: new DescriptionError(reason, { cause: error }) };
  }
}

async function subfolders(folder: string): Promise<string[]> {
  let entries: Dirent[];
  try {
    entries = await readdir(folder, { withFileTypes: true });
  } catch (error) {
    if (isAbsence(error)) return [];
    throw error;
  }
  return entries
    .filter((entry) => !entry.isFile() && !entry.name.startsWith("."))
    .map(({ name }) => name);
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new DescriptionError(`${path} is not JSON: ${messageOf(error)}`, { cause: error });
  }
}

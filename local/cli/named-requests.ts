import { existsSync } from "node:fs";
import { basename, dirname, isAbsolute, join } from "node:path";
import { fileURLToPath } from "node:url";

import { readUserFile } from "../../lib/image/user-file.ts";
import { decodeText } from "../../lib/networks/text.ts";
import { messageOf } from "../../lib/onnx/errors.ts";
import {
  parseLocalRequest,
  type RenderRequest,
  RequestError,
} from "../../lib/pipeline/request/request.ts";
import type { NamedRequest } from "./check-run.ts";
import { mapPaths } from "./map-paths.ts";
import { givenFields } from "./request-options.ts";
import { shortRequest, type ShortFlags } from "./short-request.ts";
import type { Terminal } from "./terminal.ts";
import { UsageError } from "./user-errors.ts";

/** What `dream` renders when given nothing: the example on the network that needs no download. */
export const EXAMPLES = [
  "emojinet-1-conv1.json",
  "emojinet-2-conv2-reduce.json",
  "emojinet-3-inception-4e.json",
  "emojinet-4-classes.json",
  "fourier/emojinet-classes.json",
].map((file) => fileURLToPath(new URL(`../../examples/${file}`, import.meta.url)));

/** In place of a file: the request comes from standard input, and its results are called so. */
const STANDARD_INPUT = "-";
const STANDARD_INPUT_NAME = "request";

/**
 * The requests of the files, or with --layer the one that the options make; each is checked before
 * anything else happens.
 *
 * @throws UsageError; RequestError; NetworkError
 */
export async function namedRequests(
  files: readonly string[],
  flags: Partial<ShortFlags>,
  terminal: Terminal,
): Promise<readonly NamedRequest[]> {
  const { layer } = flags;
  if (layer !== undefined) return [await shortRequest(files, { ...flags, layer }, terminal)];
  const [field] = Object.keys(givenFields({ ...flags }));
  if (field !== undefined || flags.channels !== undefined) {
    throw new UsageError(
      `${field ?? "channels"}: given without --layer; a request file says it itself, and a network is drawn with --layer`,
    );
  }
  const noRequest = files.find(isNoRequest);
  if (noRequest !== undefined) {
    const why = /\.onnx$/i.test(noRequest)
      ? `it is no request; say which layer to draw with --layer, or see several: dreamgrid look ${noRequest}`
      : "there is no such file; if it is a network, say which layer with --layer";
    throw new UsageError(`${noRequest}: ${why}`);
  }
  return readRequests(files.length > 0 ? files : EXAMPLES, terminal);
}

function isNoRequest(file: string): boolean {
  if (file === STANDARD_INPUT || /\.json$/i.test(file)) return false;
  return /\.onnx$/i.test(file) || !existsSync(file);
}

async function readRequests(
  files: readonly string[],
  terminal: Terminal,
): Promise<readonly NamedRequest[]> {
  if (files.filter((file) => file === STANDARD_INPUT).length > 1) {
    throw new UsageError("-: given twice; standard input can be read once");
  }
  const names = files.map(nameOf);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) {
    throw new UsageError(
      `two requests are called '${twice}', so their sheets would be too; rename one`,
    );
  }
  return Promise.all(files.map((file) => readRequest(file, terminal)));
}

function nameOf(file: string): string {
  return file === STANDARD_INPUT ? STANDARD_INPUT_NAME : basename(file).replace(/\.json$/i, "");
}

async function readRequest(file: string, { readInput }: Terminal): Promise<NamedRequest> {
  const isInput = file === STANDARD_INPUT;
  const place = isInput ? "standard input" : file;
  const text = decodeText(await (isInput ? readInput() : readUserFile(file)), place);
  try {
    const json = parseJson(text);
    if (isManifest(json)) {
      throw new RequestError(['it is the manifest of a sheet; its field "request" is a request']);
    }
    const request = parseLocalRequest(json);
    const seen = isInput ? request : pathsFrom(dirname(file), request);
    return { name: nameOf(file), request: seen, notice: null };
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    throw new UsageError(`${place}: ${error.message}`);
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new RequestError([`it is not JSON: ${messageOf(error)}`]);
  }
}

const isManifest = (json: unknown) =>
  typeof json === "object" && json !== null && "jobId" in json && "request" in json;

/** The request with its relative paths as seen from the folder of its file. */
function pathsFrom(folder: string, request: RenderRequest): RenderRequest {
  const from = (path: string) => (isAbsolute(path) ? path : join(folder, path));
  return { ...request, ...mapPaths(request, from) };
}

import { randomUUID } from "node:crypto";
import { createWriteStream, existsSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, sep } from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Readable } from "node:stream";

import * as z from "zod";

import { ProblemError } from "../../functions/api/problem.ts";
import { addNetwork } from "../../lib/networks/add.ts";
import { NETWORK_ID, NETWORK_ID_FORM } from "../../lib/networks/description.ts";
import { NetworkError } from "../../lib/networks/errors.ts";
import { exportRemedy, readAsOnnx } from "../../lib/networks/foreign-format.ts";
import { labelledLayer } from "../../lib/networks/labelled-layer.ts";
import { PREPROCESSING_NAMES } from "../../lib/networks/preprocessing.ts";
import { ModelError } from "../../lib/onnx/errors.ts";
import type { Network } from "../../lib/networks/registry.ts";
import { MAX_MODEL_BYTES } from "../../lib/pipeline/limits.ts";
import { analyseInThread, readInThread } from "../../lib/pipeline/networks/analyse-in-thread.ts";
import { describeIssues } from "../../lib/pipeline/request/describe-issues.ts";

/** Where dropped networks go once they have been looked at. */
export interface NetworkPublisher {
  /** Whether there is a network of that id. */
  isTaken(id: string): Promise<boolean>;
  publish(network: Network): Promise<void>;
}

/** Drops that are neither finished nor given up; the oldest goes when there are more. */
const MAX_DROPS = 8;
/** Of a file in its drop's folder: no path, and nothing that some file system takes amiss. */
const FILE_NAME = /^[^.\p{Cc}/\\:*?"<>|][^\p{Cc}/\\:*?"<>|]*$/u;
const WANTED_NAME = "a plain name, without a path, that does not start with '.'";
/** File systems take 255. */
const LONGEST_NAME_BYTES = 240;

const isFileName = (name: string) =>
  FILE_NAME.test(name) && Buffer.byteLength(name) <= LONGEST_NAME_BYTES;

const numbers = z.array(z.number()).min(1);

/** What is to be known about a dropped network besides its files. */
const dropSchema = z.strictObject({
  network: z.string().regex(NETWORK_ID, { error: NETWORK_ID_FORM }),
  /** Name of the .onnx file among those sent. */
  file: z.string().refine(isFileName, WANTED_NAME),
  /** Name of the file with its class names, one a line. @default those in the model's file */
  labels: z.string().refine(isFileName, WANTED_NAME).optional(),
  /* How its pixels are; what is left out is recognised from the network, or assumed. */
  preprocessing: z.enum(PREPROCESSING_NAMES).optional(),
  mean: numbers.optional(),
  scale: numbers.optional(),
  channelOrder: z.enum(["RGB", "BGR"]).optional(),
});

export interface DropFolders {
  /** Where the files of a drop lie meanwhile. @default the folder for temporary files */
  readonly drops?: string;
  /** With networks whose bytes may be those of one that is dropped. @default none */
  readonly known?: readonly string[];
}

/** Takes the files of a network from a browser, looks at them, and publishes what can be used. */
export class NetworkDrops {
  readonly #publisher: NetworkPublisher;
  readonly #parent: string;
  readonly #known: readonly string[];
  /** Folders, by the drop's id; the oldest first. */
  readonly #folders = new Map<string, string>();

  constructor(publisher: NetworkPublisher, { drops = tmpdir(), known = [] }: DropFolders = {}) {
    this.#publisher = publisher;
    this.#parent = drops;
    this.#known = known;
  }

  async begin(): Promise<string> {
    const [oldest] = this.#folders.keys();
    if (this.#folders.size >= MAX_DROPS && oldest !== undefined) await this.#forget(oldest);
    const id = randomUUID();
    this.#folders.set(id, await mkdtemp(join(this.#parent, "dreamgrid-drop-")));
    return id;
  }

  /** @throws ProblemError if there is no such drop, or the file is too large */
  async receive(id: string, name: string, body: Readable): Promise<void> {
    const folder = this.#folderOf(id);
    if (!isFileName(name)) {
      const given = name.slice(0, 80).replaceAll(/\p{Cc}/gu, "?");
      throw new ProblemError("invalid-request", [`file: given '${given}'; wanted ${WANTED_NAME}`]);
    }
    let bytes = 0;
    const bounded = new Transform({
      transform(chunk: Buffer, _, done) {
        bytes += chunk.byteLength;
        const isTooLarge = bytes > MAX_MODEL_BYTES;
        const problem = `file: '${name}' has more than ${MAX_MODEL_BYTES} bytes`;
        done(isTooLarge ? new ProblemError("body-too-large", [problem]) : null, chunk);
      },
    });
    const path = join(folder, name);
    try {
      await pipeline(body, bounded, createWriteStream(path));
    } catch (error) {
      // half of gigabytes may have filled the disk, and nobody asks for them
      await rm(path, { force: true });
      throw error;
    }
  }

  /**
   * Looks at the network and publishes it.
   *
   * @returns its id
   * @throws ProblemError with all that is wrong with it
   */
  async finish(id: string, json: unknown): Promise<string> {
    const folder = this.#folderOf(id);
    const parsed = dropSchema.safeParse(json);
    if (!parsed.success) {
      const problems = describeIssues(parsed.error.issues, json, dropSchema);
      throw new ProblemError("invalid-request", problems);
    }
    const { network: networkId, file, labels = null, ...pixels } = parsed.data;
    if (!existsSync(join(folder, file))) throw notSent(file);
    if (await this.#publisher.isTaken(networkId)) {
      throw new ProblemError("conflict", [
        `network: there is a network '${networkId}' already; choose another id`,
      ]);
    }
    // no file that is sent is called so
    const target = join(folder, ".added");
    await mkdir(target, { recursive: true });
    try {
      const network = await addNetwork(
        {
          id: networkId,
          modelPath: join(folder, file),
          ...pixels,
          labelsPath: labels === null ? null : join(folder, labels),
          sizePx: null,
          licence: "unknown",
        },
        {
          folder: target,
          folders: [],
          known: this.#known,
          check: (candidate) => requireLayers(candidate, labels),
          reader: readInThread,
        },
      );
      await this.#publisher.publish(network);
    } catch (error) {
      throw explained(error, folder);
    } finally {
      await rm(target, { recursive: true, force: true });
    }
    await this.#forget(id);
    return networkId;
  }

  async close(): Promise<void> {
    for (const id of this.#folders.keys()) await this.#forget(id);
  }

  #folderOf(id: string): string {
    const folder = this.#folders.get(id);
    if (folder === undefined) throw new ProblemError("not-found", [`there is no upload '${id}'`]);
    return folder;
  }

  async #forget(id: string): Promise<void> {
    const folder = this.#folders.get(id);
    this.#folders.delete(id);
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  }
}

/** The page sends no file of another kind; of another framework's it is told how it becomes ONNX. */
function notSent(file: string): ProblemError {
  const remedy = exportRemedy(file);
  const given = `file: given '${file}'; wanted an .onnx file and what lies beside it`;
  return new ProblemError("invalid-request", [remedy === null ? given : readAsOnnx(file, remedy)]);
}

/**
 * @param labelsFile that its class names were read from; `null`: they were not given
 * @throws NetworkError if nothing of it can be rendered, or the class names are not its own
 */
async function requireLayers(network: Network, labelsFile: string | null): Promise<void> {
  const { layers, problems } = await analyseInThread(network);
  if (labelsFile !== null && network.labels !== null) {
    const named = { given: labelsFile, network: network.description.id };
    labelledLayer(layers, network.labels, named);
  }
  if (layers.some(({ index }) => !problems.has(index))) return;
  const reasons = layers.slice(1).flatMap(({ index, name }) => {
    const problem = problems.get(index);
    return problem === undefined ? [] : [`${name}: ${problem}`];
  });
  throw new NetworkError(`none of its layers can be rendered: ${reasons[0] ?? "it has none"}`);
}

/** As what is wrong with the file; the folder it lay in is no concern of whoever sent it. */
function explained(error: unknown, folder: string): unknown {
  if (!(error instanceof NetworkError || error instanceof ModelError)) return error;
  const problem = error.message.replaceAll(`${folder}${sep}`, "");
  const [, remedy = ""] = REMEDIES.find(([pattern]) => pattern.test(problem)) ?? [];
  return new ProblemError("invalid-request", [`${problem}${remedy}`]);
}

/** What the page's user can do, where the problem says it of a command, or not at all. */
const REMEDIES: readonly (readonly [problem: RegExp, remedy: string])[] = [
  [/--input /, "; dreamgrid models add takes it, the page does not"],
  [/^cannot read external data .*: there is no such file$/, "; choose it together with the model"],
];

import type { IncomingMessage, ServerResponse } from "node:http";

import { ProblemError, problemReply } from "../../functions/api/problem.ts";
import { readJsonBody } from "../../functions/api/read-json-body.ts";
import { MAX_INITIAL_IMAGE_BYTES } from "../../lib/pipeline/limits.ts";
import type { Log } from "../../functions/log.ts";
import { type ApiHandler, readBody } from "../api-adapter.ts";
import { answerJson } from "./answer-json.ts";
import type { CircuitRoutes } from "./circuit-routes.ts";
import type { DatasetRoutes } from "./dataset-routes.ts";
import type { EventStreams } from "./event-streams.ts";
import { type DropFolders, NetworkDrops, type NetworkPublisher } from "./network-drop.ts";
import { type RemoteApi, servePage } from "./serve-page.ts";
import { uploadFile } from "./upload-file.ts";

export interface PageServerDeps {
  /** What photographs are sent through. */
  readonly api: ApiHandler;
  readonly publisher: NetworkPublisher;
  readonly folders?: DropFolders;
  /** `null`: the page asks again and again. */
  readonly events: EventStreams | null;
  /** Photographs that excite channels. @default none are known */
  readonly dataset?: DatasetRoutes | null;
  /** What channels are made of further back. @default it is not told */
  readonly circuits?: CircuitRoutes | null;
  /** The API, where it is not this server's own. @default its own */
  readonly remote?: RemoteApi;
  readonly log: Log;
}

/** The page and what only the page needs: its files, news, dropped networks and photographs. */
export class PageServer {
  readonly #deps: PageServerDeps;
  readonly #drops: NetworkDrops;

  constructor(deps: PageServerDeps) {
    this.#deps = deps;
    this.#drops = new NetworkDrops(deps.publisher, deps.folders);
  }

  /** @returns whether it has answered; if not, the request is the API's */
  readonly answer = async (
    incoming: IncomingMessage,
    outgoing: ServerResponse,
  ): Promise<boolean> => {
    const { events, dataset = null, circuits = null, remote = null, log } = this.#deps;
    const [path = "/", query = ""] = (incoming.url ?? "/").split("?");
    try {
      requireOwnPage(incoming);
      const news = events === null ? "polling" : "events";
      const [hasDataset, hasCircuits] = [dataset !== null, circuits !== null];
      const facts = { news, hasDataset, hasCircuits, remote } as const;
      if (await servePage(incoming, outgoing, facts)) return true;
      if (await dataset?.answer(path, incoming, outgoing)) return true;
      if (await circuits?.answer(path, incoming, outgoing)) return true;
      if (path === "/events" && incoming.method === "GET" && events !== null) {
        events.open(outgoing);
        return true;
      }
      if (path === "/page/photographs" && incoming.method === "POST") {
        const name = new URLSearchParams(query).get("name") ?? "";
        answerJson(outgoing, { key: await this.#takePhotograph(incoming, name) });
        return true;
      }
      return await this.#drop(path, incoming, outgoing);
    } catch (error) {
      if (!(error instanceof ProblemError)) {
        log.error("the page's request failed", { method: incoming.method, path, error });
      }
      const known =
        error instanceof ProblemError
          ? error
          : new ProblemError("internal", ["the request could not be carried out; see the log"]);
      const { statusCode, headers, body } = problemReply(known);
      outgoing.writeHead(statusCode, { ...headers, Connection: "close" });
      outgoing.end(body);
      return true;
    }
  };

  async close(): Promise<void> {
    this.#deps.events?.close();
    await this.#drops.close();
  }

  /**
   * @returns the key under which requests can name it
   * @throws ProblemError if it is too large, or no image that requests take
   */
  async #takePhotograph(incoming: IncomingMessage, name: string): Promise<string> {
    const bytes = await readBody(incoming, MAX_INITIAL_IMAGE_BYTES);
    if (bytes.byteLength > MAX_INITIAL_IMAGE_BYTES) {
      const problem = `the image has more than ${MAX_INITIAL_IMAGE_BYTES} bytes`;
      throw new ProblemError("body-too-large", [problem]);
    }
    const { "content-type": contentType = "" } = incoming.headers;
    return uploadFile(this.#deps.api, { kind: "image", contentType, name }, bytes);
  }

  async #drop(path: string, incoming: IncomingMessage, outgoing: ServerResponse): Promise<boolean> {
    const [, id, file] = /^\/page\/uploads(?:\/([^/]+))?(?:\/([^/]+))?$/.exec(path) ?? [];
    const { method } = incoming;
    if (!path.startsWith("/page/uploads") || (method !== "POST" && method !== "PUT")) return false;
    if (id === undefined) {
      answerJson(outgoing, { id: await this.#drops.begin() });
    } else if (method === "PUT" && file !== undefined) {
      await this.#drops.receive(id, decoded(file), incoming);
      answerJson(outgoing, {});
    } else {
      answerJson(outgoing, { network: await this.#drops.finish(id, await readJson(incoming)) });
    }
    return true;
  }
}

/** @throws ProblemError for a name that is not percent-encoded UTF-8 */
function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    throw new ProblemError("invalid-request", [
      `file: given '${name.slice(0, 80)}'; wanted a name in percent-encoded UTF-8`,
    ]);
  }
}

/**
 * A page elsewhere cannot read what is answered here, but it could send. Browsers say where a
 * request comes from.
 *
 * @throws ProblemError unless it comes from this page, or from no page
 */
function requireOwnPage({ method, headers: { origin, host = "" } }: IncomingMessage): void {
  if (origin === undefined || method === "GET" || method === "HEAD") return;
  if (origin === `http://${host}`) return;
  throw new ProblemError("invalid-request", [
    `Origin: given '${origin.slice(0, 80)}'; wanted http://${host}`,
  ]);
}

/** @throws ProblemError as the API's routes do */
async function readJson(incoming: IncomingMessage): Promise<unknown> {
  const header = (name: string) => incoming.headersDistinct[name] ?? [];
  return readJsonBody({ header, body: await readBody(incoming) });
}

import { NetworkError, NetworkNotFoundError } from "../lib/networks/errors.ts";
import { findModel, openNetwork } from "../lib/networks/registry.ts";
import { surveyNetworks } from "../lib/networks/survey.ts";
import type { NetworkSource } from "../lib/pipeline/networks/bucket-networks.ts";
import { publishNetwork } from "../lib/pipeline/networks/publish-network.ts";
import type { ObjectStore } from "../lib/storage/object-store.ts";

/**
 * The bucket's networks, and those that are added to this machine's folders later: they are
 * published when someone asks for one, or for all.
 */
export class AddedNetworks implements NetworkSource {
  readonly #bucket: NetworkSource;
  readonly #store: ObjectStore;
  readonly #folders: readonly string[];
  /** Ids, of this process. */
  readonly #published = new Set<string>();
  #publishing: Promise<PublishedNetworks> | null = null;

  constructor(bucket: NetworkSource, store: ObjectStore, folders: readonly string[]) {
    this.#bucket = bucket;
    this.#store = store;
    this.#folders = folders;
  }

  async open(id: string): ReturnType<NetworkSource["open"]> {
    try {
      return await this.#bucket.open(id);
    } catch (error) {
      if (!(error instanceof NetworkNotFoundError)) throw error;
      await this.publish();
      return this.#bucket.open(id);
    }
  }

  openPinned: NetworkSource["openPinned"] = (description) => this.#bucket.openPinned(description);

  async list(): Promise<readonly string[]> {
    await this.publish();
    return this.#bucket.list();
  }

  /**
   * Publishes what has been added since. Nothing is fetched: nobody must wait for a download that
   * was not asked for.
   */
  publish(): Promise<PublishedNetworks> {
    this.#publishing ??= this.#publishNew().finally(() => (this.#publishing = null));
    return this.#publishing;
  }

  async #publishNew(): Promise<PublishedNetworks> {
    const published: string[] = [];
    const notFetched: string[] = [];
    const damaged: string[] = [];
    for (const network of await surveyNetworks(this.#folders)) {
      // a broken description is told by `models list`; it hides no other
      if (network.kind === "broken" || this.#published.has(network.id)) continue;
      const { id, description } = network;
      if ((await findModel(description, this.#folders)) === null) {
        notFetched.push(id);
        continue;
      }
      const folders = { folders: this.#folders, cacheFolder: this.#folders.at(-1) ?? "" };
      try {
        await publishNetwork(this.#store, await openNetwork(id, folders));
      } catch (error) {
        // one whose file is not what its description says hides no other either
        if (!(error instanceof NetworkError)) throw error;
        damaged.push(error.message);
        continue;
      }
      this.#published.add(id);
      published.push(id);
    }
    return { published, notFetched, damaged };
  }
}

export interface PublishedNetworks {
  /** Ids of the networks that requests can now name. */
  readonly published: readonly string[];
  /** Ids of networks whose model files would have to be fetched first. */
  readonly notFetched: readonly string[];
  /** What is wrong with model files that are there and cannot be used, a line each. */
  readonly damaged: readonly string[];
}

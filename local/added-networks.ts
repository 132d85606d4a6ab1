import type { NetworkDescription } from "../lib/networks/description.ts";
import { DescriptionError, NetworkError, NetworkNotFoundError } from "../lib/networks/errors.ts";
import { findModel, openNetwork, readLabels } from "../lib/networks/registry.ts";
import { firstDescription, surveyNetworks } from "../lib/networks/survey.ts";
import type { NetworkSource } from "../lib/pipeline/networks/bucket-networks.ts";
import { publishNetwork } from "../lib/pipeline/networks/publish-network.ts";
import type { ObjectStore } from "../lib/storage/object-store.ts";

/**
 * The bucket's networks, and those that are added to this machine's folders later, or replaced
 * there: they are published when someone asks for one, or for all. One that is removed from the
 * folders stays in the bucket.
 */
export class AddedNetworks implements NetworkSource {
  readonly #bucket: NetworkSource;
  readonly #store: ObjectStore;
  readonly #folders: readonly string[];
  /** By this process: what was there of each network then, by id. */
  readonly #published = new Map<string, string>();
  #publishing: Promise<PublishedNetworks> | null = null;

  constructor(bucket: NetworkSource, store: ObjectStore, folders: readonly string[]) {
    this.#bucket = bucket;
    this.#store = store;
    this.#folders = folders;
  }

  async open(id: string): ReturnType<NetworkSource["open"]> {
    if (await this.#isReplaced(id)) await this.publish();
    try {
      return await this.#bucket.open(id);
    } catch (error) {
      if (!(error instanceof NetworkNotFoundError)) throw error;
      await this.publish();
      return this.#bucket.open(id);
    }
  }

  openPinned: NetworkSource["openPinned"] = (description) => this.#bucket.openPinned(description);

  forget: NetworkSource["forget"] = (id) => {
    // put into a folder again as it was, it is published again
    this.#published.delete(id);
    return this.#bucket.forget(id);
  };

  async list(): Promise<readonly string[]> {
    await this.publish();
    return this.#bucket.list();
  }

  /** Whether the folders have something else of a network than when it was published. */
  async #isReplaced(id: string): Promise<boolean> {
    const published = this.#published.get(id);
    if (published === undefined) return false;
    const description = await firstDescription(this.#folders, id).catch((error: unknown) => {
      if (error instanceof DescriptionError) return null;
      throw error;
    });
    const content = description && (await this.#contentOf(description));
    return content !== null && content !== published;
  }

  /** Tells a network from a later one of its id; `null` if its model is in none of the folders. */
  async #contentOf(description: NetworkDescription): Promise<string | null> {
    const model = await findModel(description, this.#folders);
    if (model === null) return null;
    // the description names the model by its bytes, the labels by their file alone
    return JSON.stringify([description, await readLabels(description, model.path, this.#folders)]);
  }

  /**
   * Publishes what has been added or replaced since. Nothing is fetched: nobody must wait for a
   * download that was not asked for.
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
      if (network.kind === "broken") continue;
      const { id, description } = network;
      const content = await this.#contentOf(description);
      if (content === null) {
        notFetched.push(id);
        continue;
      }
      if (this.#published.get(id) === content) continue;
      const folders = { folders: this.#folders, cacheFolder: this.#folders.at(-1) ?? "" };
      try {
        await publishNetwork(this.#store, await openNetwork(id, folders));
      } catch (error) {
        // one whose file is not what its description says hides no other either
        if (!(error instanceof NetworkError)) throw error;
        damaged.push(error.message);
        continue;
      }
      this.#published.set(id, content);
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

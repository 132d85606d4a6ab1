import {
  ObjectNotFoundError,
  type ObjectFacts,
  type ObjectStore,
} from "../../lib/storage/object-store.ts";

interface StoredObject {
  readonly body: Uint8Array;
  readonly modifiedAt: Date;
}

/** ObjectStore in memory: S3's visible behaviour, copies in and copies out. */
export class MemoryObjectStore implements ObjectStore {
  readonly #objects = new Map<string, StoredObject>();

  async get(key: string): Promise<Uint8Array> {
    const bytes = await this.find(key);
    if (bytes === null) throw new ObjectNotFoundError(key);
    return bytes;
  }

  async find(key: string): Promise<Uint8Array | null> {
    await networkTurn();
    return this.#objects.get(key)?.body.slice() ?? null;
  }

  async head(key: string): Promise<ObjectFacts | null> {
    await networkTurn();
    const object = this.#objects.get(key);
    return object === undefined ? null : factsOf(key, object);
  }

  async put(key: string, body: Uint8Array, _contentType: string): Promise<void> {
    const copy = body.slice();
    await networkTurn();
    this.#objects.set(key, { body: copy, modifiedAt: new Date() });
  }

  async putIfAbsent(
    key: string,
    body: Uint8Array,
    _contentType: string,
  ): Promise<"created" | "exists"> {
    const copy = body.slice();
    await networkTurn();
    if (this.#objects.has(key)) return "exists";
    this.#objects.set(key, { body: copy, modifiedAt: new Date() });
    return "created";
  }

  async *list(prefix: string): AsyncIterable<ObjectFacts> {
    await networkTurn();
    for (const key of this.keys(prefix)) {
      const object = this.#objects.get(key);
      if (object !== undefined) yield factsOf(key, object);
    }
  }

  async *listNames(prefix: string, after = ""): AsyncIterable<string> {
    await networkTurn();
    const names = this.keys(prefix)
      .map((key) => key.slice(prefix.length))
      .map((rest) => (rest.includes("/") ? rest.slice(0, rest.indexOf("/") + 1) : rest))
      .filter((name) => Buffer.compare(Buffer.from(name), Buffer.from(after)) > 0);
    yield* new Set(names);
  }

  async delete(key: string): Promise<void> {
    await networkTurn();
    this.#objects.delete(key);
  }

  /** Every key that starts with `prefix`, in S3's order. */
  keys(prefix = ""): string[] {
    return [...this.#objects.keys()]
      .filter((key) => key.startsWith(prefix))
      .toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  }
}

function factsOf(key: string, { body, modifiedAt }: StoredObject): ObjectFacts {
  return { key, sizeBytes: body.byteLength, modifiedAt };
}

/** A request takes time: racing callers interleave here as they would over a network. */
function networkTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

import { Heap } from "./heap.ts";

interface Item {
  readonly id: string;
  readonly groupId: string | null;
}

interface Group<T> {
  /** Oldest first; items that were removed are skipped when they come up. */
  readonly items: T[];
  head: number;
  /** Items that are really there. */
  live: number;
  inFlight: number;
  /** When it was last served, on a counter. */
  lastServed: number;
}

/** What a group was when it was entered. */
type Rank<T> = Pick<Group<T>, "inFlight" | "lastServed"> & { readonly group: Group<T> };

/**
 * The messages that may be received now, in the order in which they are.
 *
 * As with SQS's fair queues, a tenant (message group) that holds many messages in
 * flight yields to those that hold fewer; among equals the one that waited longest
 * is served. So 7,000 messages of one group do not keep back 6 of another.
 *
 * Messages without a group are one tenant. Every operation is logarithmic in the
 * number of groups.
 */
export class FairOrder<T extends Item> {
  readonly #groups = new Map<string | null, Group<T>>();
  readonly #present = new Set<string>();
  readonly #ranks = new Heap<Rank<T>>((a, b) =>
    a.inFlight === b.inFlight ? a.lastServed < b.lastServed : a.inFlight < b.inFlight,
  );
  #served = 0;

  get size(): number {
    return this.#present.size;
  }

  /** Adds an item behind the others of its group. */
  add(item: T): void {
    if (this.#present.has(item.id)) return;
    const group = this.#group(item.groupId);
    group.items.push(item);
    group.live++;
    this.#present.add(item.id);
    if (group.live === 1) this.#rank(group);
  }

  remove(item: T): void {
    if (!this.#present.delete(item.id)) return;
    this.#group(item.groupId).live--;
    this.#forgetIfIdle(item.groupId);
  }

  /** Takes the next item out. It counts as in flight until `landed`. */
  take(): T | undefined {
    for (let rank = this.#ranks.pop(); rank !== undefined; rank = this.#ranks.pop()) {
      const { group } = rank;
      const isCurrent = rank.inFlight === group.inFlight && rank.lastServed === group.lastServed;
      const item = isCurrent ? this.#shift(group) : undefined;
      if (item === undefined) continue;
      group.live--;
      group.inFlight++;
      group.lastServed = ++this.#served;
      this.#rank(group);
      return item;
    }
    return undefined;
  }

  /** An item is in flight without having been taken: found so after a restart. */
  tookOff({ groupId }: Item): void {
    const group = this.#group(groupId);
    group.inFlight++;
    this.#rank(group);
  }

  /** An item is no longer in flight: deleted, or visible again. */
  landed({ groupId }: Item): void {
    const group = this.#group(groupId);
    group.inFlight--;
    this.#rank(group);
    this.#forgetIfIdle(groupId);
  }

  clear(): void {
    this.#present.clear();
    this.#ranks.clear();
    for (const [id, group] of this.#groups) {
      group.items.length = 0;
      group.head = 0;
      group.live = 0;
      this.#forgetIfIdle(id);
    }
  }

  #group(id: string | null): Group<T> {
    const known = this.#groups.get(id);
    if (known !== undefined) return known;
    const group = { items: [], head: 0, live: 0, inFlight: 0, lastServed: 0 };
    this.#groups.set(id, group);
    return group;
  }

  /** Enters the group with its present rank; former entries become void. */
  #rank(group: Group<T>): void {
    if (group.live === 0) return;
    const { inFlight, lastServed } = group;
    this.#ranks.push({ group, inFlight, lastServed });
    // void entries of low rank are never popped, so throw them all away now and then
    if (this.#ranks.size <= 1000 || this.#ranks.size <= 8 * this.#groups.size) return;
    this.#ranks.clear();
    for (const each of this.#groups.values()) this.#rank(each);
  }

  #shift(group: Group<T>): T | undefined {
    while (group.head < group.items.length) {
      const item = group.items[group.head++]!;
      if (group.head * 2 > group.items.length) {
        group.items.splice(0, group.head);
        group.head = 0;
      }
      if (this.#present.delete(item.id)) return item;
    }
    return undefined;
  }

  #forgetIfIdle(id: string | null): void {
    const group = this.#groups.get(id);
    if (group === undefined || group.live > 0 || group.inFlight > 0) return;
    group.items.length = 0; // ranks may still point here
    this.#groups.delete(id);
  }
}

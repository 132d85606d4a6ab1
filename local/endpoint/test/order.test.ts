import * as fc from "fast-check";
import { expect, test } from "vitest";

import { ManualClock } from "../src/clock.ts";
import { FairOrder } from "../src/sqs/fair-order.ts";
import { Heap } from "../src/sqs/heap.ts";

const SEED = 20261123; // of all property tests here

test("a heap gives its items in order", () => {
  fc.assert(
    fc.property(fc.array(fc.integer()), (numbers) => {
      const heap = new Heap<number>((a, b) => a < b);
      for (const number of numbers) heap.push(number);
      const popped = numbers.map(() => heap.pop());
      expect(popped).toEqual(numbers.toSorted((a, b) => a - b));
      expect(heap.pop()).toBeUndefined();
    }),
    { seed: SEED },
  );
});

interface Item {
  readonly id: string;
  readonly groupId: string | null;
}

interface Action {
  readonly kind: "add" | "take" | "land" | "remove";
  readonly group: string | null;
}

/** Does the same to a fair order and to plain collections. Returns where they differ. */
function differences(actions: readonly Action[]): string[] {
  const order = new FairOrder<Item>();
  const present = new Map<string, Item>();
  const flying: Item[] = [];
  const found: string[] = [];
  const inFlight = (group: string | null) =>
    flying.filter(({ groupId }) => groupId === group).length;
  for (const [index, { kind, group }] of actions.entries()) {
    if (kind === "add") {
      const item = { id: `${index}`, groupId: group };
      order.add(item);
      present.set(item.id, item);
    } else if (kind === "take") {
      const groups = new Set([...present.values()].map(({ groupId }) => groupId));
      const least = Math.min(...[...groups].map(inFlight));
      const item = order.take();
      if (item === undefined) {
        if (present.size > 0) found.push(`step ${index}: nothing taken`);
        continue;
      }
      if (!present.delete(item.id)) found.push(`step ${index}: ${item.id} was not there`);
      if (inFlight(item.groupId) > least)
        found.push(`step ${index}: ${item.groupId} has more in flight`);
      flying.push(item);
    } else if (kind === "land") {
      const item = flying.pop();
      if (item !== undefined) order.landed(item);
    } else {
      const [item] = present.values();
      if (item === undefined) continue;
      order.remove(item);
      present.delete(item.id);
    }
    if (order.size !== present.size) found.push(`step ${index}: size is ${order.size}`);
  }
  return found;
}

test("the fair order loses and invents nothing, and serves the tenant with the least in flight", () => {
  const action = fc.record({
    kind: fc.constantFrom<Action["kind"][]>("add", "add", "take", "land", "remove"),
    group: fc.constantFrom("a", "b", "c", null),
  });
  fc.assert(
    fc.property(fc.array(action, { maxLength: 120 }), (actions) => {
      expect(differences(actions)).toEqual([]);
    }),
    { seed: SEED, numRuns: 300 },
  );
});

test("tenants with equally many in flight take turns", () => {
  const order = new FairOrder<Item>();
  for (let i = 0; i < 6; i++) order.add({ id: `a${i}`, groupId: "a" });
  for (let i = 0; i < 2; i++) order.add({ id: `b${i}`, groupId: "b" });
  const served = Array.from({ length: 5 }, () => {
    const item = order.take();
    if (item !== undefined) order.landed(item); // done before the next is taken
    return item?.id;
  });
  expect(served).toEqual(["a0", "b0", "a1", "b1", "a2"]);
});

test("a manual clock rings every alarm in order of its time", () => {
  const clock = new ManualClock(1000);
  const rung: string[] = [];
  clock.after(30, () => rung.push(`late at ${clock.now()}`));
  clock.after(10, () => {
    rung.push(`early at ${clock.now()}`);
    clock.after(5, () => rung.push(`nested at ${clock.now()}`));
  });
  const cancel = clock.after(20, () => rung.push("cancelled"));
  cancel();
  clock.advance(29);
  expect(rung).toEqual(["early at 1010", "nested at 1015"]);
  clock.advance(1);
  expect(rung.at(-1)).toBe("late at 1030");
});

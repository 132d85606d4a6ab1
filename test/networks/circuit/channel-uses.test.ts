import { describe, expect, test } from "vitest";

import { floatTensor } from "../../../lib/onnx/tensor.ts";
import { node } from "../../support/onnx-writer.ts";
import { FIRST, LINEAR, network } from "./linear-networks.ts";

/** "from 3 to y 2", and the kernel between them. */
type Links = Readonly<Record<string, readonly number[]>>;

/** What channels of `y` are made of. */
function linksBack({ layer, weights }: ReturnType<typeof network>): Links {
  const channels = Array.from({ length: layer("y").channels }, (_, i) => i + 1);
  return Object.fromEntries(
    channels.flatMap((to) =>
      weights(to).sources.map(({ layer: from, channel, kernel }) => [
        `${from.value} ${channel} to y ${to}`,
        [...kernel],
      ]),
    ),
  );
}

/** The same, asked of the image. */
function linksForth({ uses }: ReturnType<typeof network>): Links {
  const planes = [1, 2, 3, 4];
  return Object.fromEntries(
    planes.flatMap((from) =>
      uses(from, "x").map(({ layer, channel, kernel }) => [
        `x ${from} to ${layer.value} ${channel}`,
        [...kernel],
      ]),
    ),
  );
}

describe("a channel is used by those that it is a source of, by the same weights", () => {
  // what a channel's layer makes of the sum counts for its sources alone
  const CONVOLVED = LINEAR.filter(
    ([, { layer }]) => layer("y").type !== "BatchNormalization" && layer("y").type !== "Sub",
  );

  test.each(CONVOLVED)("%s", (_, of) => {
    const back = linksBack(of);
    expect(Object.keys(back).length).toBeGreaterThan(5);
    expect(linksForth(of)).toEqual(back);
  });
});

test("a sum of layers uses what is added, as it is, and so what makes that", () => {
  const { uses } = network(
    [
      node("Conv", "x first", "c"),
      node("Relu", "c", "r"),
      node("Conv", "r second", "d"),
      node("Add", "d r", "y"),
    ],
    { ...FIRST, second: floatTensor([3, 3, 1, 1], [1, 2, 3, 4, 5, 6, 7, 8, 9]) },
  );
  const told = (channel: number, name: string) =>
    uses(channel, name).map(({ layer, channel: at, kernel }) => [layer.value, at, ...kernel]);
  expect(told(2, "r")).toEqual([
    ["d", 3, 8],
    ["d", 2, 5],
    ["d", 1, 2],
    ["y", 2, 1],
  ]);
  expect(told(2, "c")).toEqual(told(2, "r"));
  expect(told(2, "d")).toEqual([["y", 2, 1]]);
  expect(told(2, "y")).toEqual([]);
});

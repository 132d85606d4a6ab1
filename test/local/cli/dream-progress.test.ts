import { expect, test } from "vitest";

import { completeRequestSchema } from "../../../lib/pipeline/request/complete-request.ts";
import { DreamProgress } from "../../../local/cli/dream-progress.ts";

test("the bar counts the iterations of every request from the start", () => {
  const shown: [number, number | null][] = [];
  const bar = {
    show: (done: number, total: number | null) => void shown.push([done, total]),
    end: () => {},
  };
  const terminal = {
    env: {},
    isWatched: false,
    print: () => {},
    note: () => {},
    progressBar: () => bar,
    readInput: async () => new Uint8Array(),
  };
  const request = (count: number, numIterations: number, pyramidLevels: number) => {
    const channels = Array.from({ length: count }, (_, i) => i + 1);
    const fields = { channels, numIterations, pyramidLevels };
    return completeRequestSchema.parse({ network: "n", layer: 2, ...fields });
  };
  const progress = new DreamProgress(
    [
      { name: "first", request: request(36, 10, 1) },
      { name: "second", request: request(6, 100, 2) },
    ],
    terminal,
  );
  const step = { kind: "step" } as const;
  progress.show({ ...step, request: 0, progress: at(4, 1, 7) });
  progress.show({ ...step, request: 1, progress: at(3, 2, 5) });
  expect(shown).toEqual([
    [7, 36 * 10 + 6 * 200],
    [7 + 105, 36 * 10 + 6 * 200],
  ]);
});

function at(channel: number, level: number, iteration: number) {
  return { channel, level, iteration, activation: 0 };
}

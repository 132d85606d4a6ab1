import { join } from "node:path";

import { expect, test } from "vitest";

import { parseLocalRequest } from "../../../lib/pipeline/request/request.ts";
import { checkRun } from "../../../local/cli/check-run.ts";
import { createTerminal } from "../../../local/cli/terminal.ts";
import { makeModels } from "./models-on-disk.ts";

const folder = await makeModels();
const output = { write: () => true };
const terminal = createTerminal({ env: {}, stdout: output, stderr: output });
const flags = { out: join(folder, "out") } as const;

const named = (channel: number, fields: object = {}) => ({
  name: `of ${channel}`,
  request: parseLocalRequest({
    network: join(folder, "good.onnx"),
    layer: "conv2",
    channels: [channel],
    ...fields,
  }),
  notice: null,
});

/** Channels of what may be begun, as a run is checked; each told before the next request is. */
async function begun(requests: readonly ReturnType<typeof named>[]) {
  const told: (readonly number[])[] = [];
  const onFirstTask = ({ channels }: { readonly channels: readonly number[] }, step: number) => {
    expect(step).toBeGreaterThan(0);
    told.push(channels);
  };
  const check = checkRun(requests, flags, terminal, { gate: null, onFirstTask });
  const refusal = await check.then(
    () => null,
    (error: Error) => error.message,
  );
  return { told, refusal };
}

test("the first request may be begun once it is checked, whatever becomes of the others", async () => {
  expect(await begun([named(2), named(3)])).toEqual({ told: [[2]], refusal: null });
  const refusal = expect.stringMatching(/^of 99: channels\[0\]: given 99/);
  expect(await begun([named(2), named(99)])).toEqual({ told: [[2]], refusal });
  expect(await begun([named(99), named(2)])).toEqual({ told: [], refusal });
});

test("none is begun for the first where it has targets, which may need files", async () => {
  const targets = { channels: undefined, targets: [{ channel: 2 }] };
  expect(await begun([named(1, targets), named(3)])).toEqual({ told: [], refusal: null });
});

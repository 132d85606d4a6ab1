import { existsSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, test } from "vitest";

import { filesIn } from "../../networks/temporary-folder.ts";
import { expectRefused, run } from "./command-line.ts";
import { makeModels } from "./models-on-disk.ts";

const folder = await makeModels();

describe("a bad model is refused", () => {
  test.each([
    ["missing.onnx", /missing\.onnx/],
    ["folder.onnx", /folder\.onnx/],
    ["empty.onnx", /empty\.onnx.*empty/],
    ["text.onnx", /text\.onnx/],
    ["json.onnx", /json\.onnx/],
    ["truncated.onnx", /truncated\.onnx/],
    ["one-byte.onnx", /one-byte\.onnx/],
    ["corrupt.onnx", /corrupt\.onnx/],
    ["nan.onnx", /nan\.onnx.*'w2'.*not finite|nan\.onnx.*'w2'.*NaN/i],
    ["infinite.onnx", /infinite\.onnx.*'w2'/],
    ["short-weight.onnx", /short-weight\.onnx.*'w1'/],
    ["unknown-value.onnx", /unknown-value\.onnx.*'nowhere'/],
    ["cycle.onnx", /cycle\.onnx.*cycle|cycle\.onnx.*'[ab]'/],
    ["old.onnx", /old\.onnx.*opset 0/],
    ["future.onnx", /future\.onnx.*opset 99/],
    ["vector-input.onnx", /vector-input\.onnx.*image/],
    ["four-channels.onnx", /four-channels\.onnx.*4/],
    ["no-input.onnx", /no-input\.onnx/],
    ["external.onnx", /weights\.bin', weights that belong with the model's file: .*no such file/],
    ["escaping.onnx", /escaping\.onnx.*passwd/],
  ])("analyze %s", async (file, message) => {
    await expectRefused(folder, ["analyze", join(folder, file)], message);
  });
});

const base = { network: "good.onnx", layer: "conv2", channels: "1", out: "out" };

/** `ascend` with some of its words changed; `init` and the like are added. */
function ascend(changes: Readonly<Record<string, string>>): string[] {
  const { network, out, init, ...rest } = { init: "", ...base, ...changes };
  const paths = { network: join(folder, network), out: join(folder, out) };
  const start = init === "" ? {} : { init: join(folder, init) };
  return [
    "ascend",
    ...Object.entries({ ...paths, ...start, ...rest }).flatMap(([name, value]) => [
      `--${name}`,
      value,
    ]),
  ];
}

describe("a bad ascent is refused", () => {
  test.each([
    [{ layer: "conv3" }, /conv3.*conv2|conv3.*conv1/],
    [{ layer: "0" }, /layer 0.*1 to/],
    [{ layer: "99" }, /layer 99.*1 to/],
    [{ layer: "-1" }, /-1.*1 to/],
    [{ layer: "1.5" }, /1\.5/],
    [{ layer: "1" }, /layer 1 is the image itself; choose one of 2 to/],
    [{ channels: "0" }, /channel '0': .* from 1 to 4, of layer 'conv2'/],
    [{ channels: "5" }, /channel '5': .* from 1 to 4/],
    [{ channels: "3:2" }, /channel '3:2'/],
    [{ channels: "1:" }, /channel '1:'/],
    [{ channels: "one" }, /channel 'one'/],
    [{ channels: "1.5" }, /channel '1\.5'/],
    [{ network: "unsupported.onnx", layer: "logits" }, /Unheard.*'odd'/],
    [{ network: "no-gradient.onnx", layer: "logits" }, /no gradient for/],
    [{ network: "wrong-channels.onnx" }, /conv1/],
    [
      { init: "small.npy" },
      /2 x 2 pixels is too small for layer 'conv2'; the smallest that works is 6 x 6/,
    ],
    [{ init: "missing.npy" }, /missing\.npy: there is no such file/],
    [{ init: "folder.onnx" }, /folder\.onnx: it is a folder, a file is wanted/],
    [{ init: "empty.npy" }, /empty\.npy/],
    [{ init: "text.npy" }, /text\.npy/],
    [{ init: "truncated.npy" }, /truncated\.npy/],
    [{ init: "nan.npy" }, /nan\.npy: .*not finite/],
    [{ init: "flat.npy" }, /flat\.npy: holds \[3, 12, 10\], want \[1, 3, H, W\]/],
    [{ init: "grey.npy" }, /grey\.npy: holds \[3, 1, 12, 10\], want \[1, 3, H, W\]/],
    [{ init: "none.npy" }, /none\.npy: holds \[0, 3, 12, 10\]/],
    [{ init: "start.npy", channels: "1:2" }, /holds \[1, 3, 12, 10\], want \[2, 3, H, W\]/],
    [{ channels: "1,2:3,2" }, /channel 2 is given more than once; want each once/],
    [{ iterations: "0" }, /'0'.*whole number from 1/],
    [{ iterations: "-3" }, /'-3'.*whole number/],
    [{ iterations: "ten" }, /'ten'.*whole number/],
    [{ levels: "1.5" }, /'1\.5'.*whole number/],
    [{ levels: "10", scale: "4" }, /10 levels of scale 4 end at .* pixels, want at most 4096/],
    [{ scale: "1" }, /'1'.*above 1/],
    [{ scale: "wide" }, /'wide'.*above 1/],
    [{ objective: "median" }, /median.*rectified, mean/],
    [{ provider: "tpu" }, /tpu.*cpu, cuda/],
    [{ threads: "0" }, /'0'.*whole number from 1/],
    [{ colour: "red" }, /unknown option '--colour'/],
    [{ out: "good.onnx/below" }, /good\.onnx: a file of that name is in the way/],
    [{ out: "../../../../../../proc/dreamgrid/out" }, /proc\/dreamgrid: there is no such file/],
    [{ out: "../../../../../../proc" }, /\/proc: nothing can be written there/],
  ])("ascend %j", async (changes, message) => {
    await expectRefused(folder, ascend({ iterations: "1", ...changes }), message);
  });

  test.each([
    [["ascend"], /required option '--network/],
    [["ascend", "--network", "emojinet"], /required option '--layer/],
    [["analyze"], /missing required argument 'network'/],
    [["analyze", "emojinet", "googlenet"], /too many arguments/],
    [["analyze", "emojinett"], /emojinett.*emojinet/],
    [["analyse", "emojinet"], /unknown command 'analyse'.*analyze/],
    [["models", "fetch"], /missing required argument 'id'.*dreamgrid models fetch --help/],
    [["export-graph", "--network", "emojinet", "--layer", "2"], /required option '--out/],
  ])("%j", async (words, message) => {
    await expectRefused(folder, words, message);
  });
});

describe("a bad export is refused", () => {
  test.each([
    [
      ["--size", "3"],
      "x.onnx",
      /3 x 3 pixels is too small for layer 'conv2'; the smallest that works is 6 x 6/,
    ],
    [["--size", "0"], "x.onnx", /whole number from 1/],
    [["--batch", "two"], "x.onnx", /whole number from 1/],
    [[], "missing/x.onnx", /missing\/x\.onnx: there is no such file or folder/],
    [[], "folder.onnx", /folder\.onnx: a folder of that name is in the way; /],
  ])("%j to %s", async (flags, out, message) => {
    const words = ["--network", join(folder, "good.onnx"), "--layer", "conv2", ...flags];
    await expectRefused(folder, ["export-graph", ...words, "--out", join(folder, out)], message);
  });
});

test.each([
  ["good.onnx", /good\.onnx: a file of that name is in the way/],
  ["../../../../../../proc", /\/proc: nothing can be written there/],
])("a model cannot be added to %s", async (name, message) => {
  const words = ["models", "add", join(folder, "good.onnx"), "--id", "mynet"];
  await expectRefused(folder, [...words, "--folder", join(folder, name)], message);
});

test("a channel that cannot be rendered is told, and leaves nothing behind", async () => {
  const before = await filesIn(folder);
  const words = ascend({ network: "dead.onnx", layer: "logits", channels: "1:2", out: "a/b" });
  const { code, stdout, stderr } = await run(...words);
  expect(stderr.trimEnd().split("\n").at(-1)).toMatch(
    /^dreamgrid: channel 2: the gradient is zero everywhere, .* for the starting image,/,
  );
  expect([code, stdout]).toEqual([2, ""]);
  expect(await filesIn(folder)).toEqual(before);
  expect(existsSync(join(folder, "a"))).toBe(false);
});

test("an operator without a gradient off the path is of no concern", async () => {
  const words = ascend({ network: "unsupported.onnx", out: "fine", iterations: "1" });
  const { code, stdout } = await run(...words);
  expect(code).toBe(0);
  expect(stdout).toMatch(/Iteration +Activation Strength +Pyramid Level\n +1 +-?\d+\.\d\d +1\n/);
  const analysis = await run("analyze", "--json", join(folder, "unsupported.onnx"));
  const { layers } = JSON.parse(analysis.stdout) as {
    layers: { name: string; renderable: boolean; problem: string | null }[];
  };
  const drawn = Object.fromEntries(layers.map(({ name, renderable }) => [name, renderable]));
  expect(drawn).toMatchObject({ conv1: true, conv2: true, odd: false, logits: false });
  expect(layers.at(-1)!.problem).toContain("Unheard");
});

test("the check of refusals sees a request that is served", async () => {
  const served = expectRefused(folder, ["analyze", join(folder, "good.onnx")], /./);
  await expect(served).rejects.toThrow(/expected/);
});

import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";

import { encodePng } from "../../../lib/image/png.ts";
import { filesIn } from "../../networks/temporary-folder.ts";
import { expectRefused, run } from "./command-line.ts";
import { makeModels } from "./models-on-disk.ts";

const folder = await makeModels();
beforeAll(async () => {
  const pixels = { width: 3, height: 2, data: new Uint8Array(18).fill(90) };
  await writeFile(join(folder, "empty.json"), "{}");
  await writeFile(join(folder, "tiny.png"), await encodePng(pixels));
});

/** Writes a request on good.onnx; paths in it are file names of the folder. */
async function request(name: string, changes: Readonly<Record<string, unknown>>): Promise<string> {
  const given = { network: "good.onnx", layer: "conv2", channels: [1, 3], ...changes };
  const { network, initialImage } = given as { network: unknown; initialImage?: unknown };
  const pathOf = (file: unknown) =>
    typeof file === "string" && /\.(onnx|png|json)$/.test(file) ? join(folder, file) : file;
  const paths = {
    network: pathOf(network),
    ...(initialImage !== undefined && { initialImage: pathOf(initialImage) }),
  };
  const path = join(folder, name);
  await writeFile(path, JSON.stringify({ ...given, ...paths }));
  return path;
}

const dream = (...files: readonly string[]) => ["dream", ...files, "--out", join(folder, "out")];

describe("a bad request is refused", () => {
  test.each([
    [{ colour: "red" }, /colour/],
    [{ iterations: 3 }, /iterations.*numIterations/],
    [{ layer: null }, /layer/],
    [{ layer: "conv9" }, /conv9.*conv/],
    [{ layer: 1 }, /layer 1 is the image itself/],
    [{ layer: 0 }, /layer: given 0/],
    [{ layer: 99 }, /99/],
    [{ channels: [0] }, /channels/],
    [{ channels: [5] }, /channels.*5.*4/],
    [{ channels: "3:1" }, /channels.*3:1/],
    [{ channels: [] }, /channels/],
    [{ channels: ["tiger"] }, /tiger/],
    [{ channels: 1.5 }, /channels/],
    [{ numIterations: "10" }, /numIterations: given "10"/],
    [{ numIterations: 0 }, /numIterations: given 0/],
    [{ pyramidScale: 1 }, /pyramidScale: given 1/],
    [{ pyramidLevels: 10, pyramidScale: 4 }, /pyramidLevels.*4096/],
    [{ objective: "max" }, /objective: given "max"/],
    [{ seed: -1 }, /seed: given -1/],
    [{ verbose: "yes" }, /verbose: given "yes"/],
    [{ outputScaling: "log" }, /outputScaling/],
    [{ executionEnvironment: "gpu" }, /executionEnvironment: given 'gpu'/],
    [{ montage: { backgroundColor: "blurple" } }, /montage\.backgroundColor/],
    [{ montage: { labels: ["one"] } }, /montage\.labels: given 1 labels; wanted 2/],
    [{ montage: { gridSize: [1, 1] } }, /montage/],
    [{ network: "nowhere" }, /nowhere.*emojinet/],
    [{ network: "missing.onnx" }, /missing\.onnx/],
    [{ network: "truncated.onnx" }, /truncated\.onnx/],
    [{ network: "nan.onnx" }, /w2/],
    [{ network: "unsupported.onnx", layer: "logits" }, /Unheard/],
    [{ network: "no-gradient.onnx", layer: "logits" }, /layer: no gradient for/],
    [{ initialImage: "missing.png" }, /missing\.png: there is no such file/],
    [
      { initialImage: "empty.json" },
      /bad: initialImage: given '.*empty\.json'; .*no PNG, JPEG or WebP/,
    ],
    [{ initialImage: "tiny.png" }, /3 x 2 pixels is too small for layer 'conv2'; .* 6 x 6/],
  ])("%j", async (changes, message) => {
    const path = await request("bad.json", changes);
    await expectRefused(folder, dream(path), message);
  });

  test.each([
    ["", /bad\.json: it is not JSON/],
    ["{", /bad\.json: it is not JSON/],
    ["[]", /bad\.json/],
    ["null", /bad\.json/],
    ['"emojinet"', /bad\.json/],
    ["{}", /bad\.json: .*network.*layer.*channels/],
  ])("the text %j", async (text, message) => {
    const path = join(folder, "bad.json");
    await writeFile(path, text);
    await expectRefused(folder, dream(path), message);
  });

  test("every problem at once, in one line", async () => {
    const path = await request("bad.json", { seed: 0.5, numIterations: -1, hue: 3 });
    await expectRefused(folder, dream(path), /^(?=.*seed)(?=.*numIterations)(?=.*hue)/);
  });

  test("a good one beside it is not begun", async () => {
    const good = await request("good.json", {});
    const bad = await request("bad.json", { layer: "conv9" });
    await expectRefused(folder, dream(good, bad), /conv9/);
    await expectRefused(folder, dream(good, join(folder, "missing.json")), /missing\.json/);
    await expectRefused(folder, dream(good, good), /two requests are called 'good'/);
    await expectRefused(folder, dream("-", "-"), /-: given twice; standard input can be read once/);
  });

  test("a folder that cannot be written", async () => {
    const good = await request("good.json", {});
    const under = join(folder, "good.onnx", "out");
    await expectRefused(
      folder,
      ["dream", good, "--out", under],
      /a file of that name is in the way/,
    );
    await expectRefused(folder, ["dream", good, "--out", "/proc/dreamgrid/x"], /\/proc\/dreamgrid/);
    await expectRefused(folder, ["dream", good, "--out", "/proc"], /nothing can be written there/);
    await expectRefused(folder, ["dream", good, "--threads", "0"], /whole number from 1/);
    await expectRefused(folder, ["dream", good, "--out", ""], /'--out <folder>'.*want a path/);
    const out = join(folder, "new");
    const data = join(folder, "good.onnx", "data");
    await expectRefused(folder, ["dream", good, "--out", out, "--data", data], /in the way/);
  });
});

test("a folder for temporary files that is not there", async () => {
  vi.stubEnv("TMPDIR", join(folder, "gone"));
  onTestFinished(() => void vi.unstubAllEnvs());
  const good = await request("good.json", {});
  await expectRefused(folder, dream(good), /gone: nothing can be written there.*in TMPDIR\n/);
});

test.each(["good.png", "good.manifest.json"])("a folder called %s is in the way", async (name) => {
  const good = await request("good.json", {});
  await mkdir(join(folder, "taken", name), { recursive: true });
  const words = ["dream", good, "--out", join(folder, "taken")];
  await expectRefused(folder, words, `${name}: a folder of that name is in the way`);
  await rm(join(folder, "taken"), { recursive: true });
});

test("folders are no files", async () => {
  await expectRefused(folder, dream(folder), `${folder}: it is a folder, a file is wanted`);
  const path = await request("bad.json", { initialImage: folder });
  await expectRefused(folder, dream(path), `${folder}: it is a folder, a file is wanted`);
});

test("a byte order mark before the request is passed over", async () => {
  const path = join(folder, "marked.json");
  await writeFile(path, '\ufeff{"network": "emojinet"}');
  await expectRefused(folder, dream(path), /marked\.json: layer: missing/);
});

test.each([
  ["Latin-1", Buffer.from('{"network": "good.onnx", "montage": {"title": "L\u00f6we"}}', "latin1")],
  ["UTF-16", Buffer.from('\ufeff{"network": "good.onnx"}', "utf16le")],
])("a request in %s is refused, for its letters would be others", async (_, bytes) => {
  const path = join(folder, "letters.json");
  await writeFile(path, bytes);
  await expectRefused(folder, dream(path), "letters.json: its text is not UTF-8; save it as that");
});

test("a request whose results would have too long a name is refused before it is drawn", async () => {
  // 3 bytes a letter: 242 and .manifest.json are 256
  const [long, longest] = [`ab${"\u732b".repeat(80)}`, `a${"\u732b".repeat(80)}`];
  const path = await request(`${long}.json`, {});
  const message = "manifest.json: the name is longer than the 255 bytes that file systems take";
  await expectRefused(folder, dream(path), message);
  await expectRefused(folder, [...dream(path), "--dry-run"], message);
  const fitting = await request(`${longest}.json`, {});
  expect(await run(...dream(fitting), "--dry-run")).toMatchObject({ code: 0 });
});

test("a sheet's manifest is no request, but holds one", async () => {
  const path = join(folder, "sheet.manifest.json");
  await writeFile(path, '{"version": 1, "jobId": "a", "request": {"network": "emojinet"}}');
  await expectRefused(folder, dream(path), /manifest of a sheet; its field "request" is a request/);
});

test("a good request leaves sheet, manifest and tiles, raw values where scaling is off", async () => {
  const path = await request("good.json", {
    numIterations: 2,
    pyramidLevels: 2,
    outputScaling: "none",
    verbose: true,
  });
  const out = join(folder, "drawn");
  const { code, stdout, stderr } = await run("dream", path, "--out", out, "--threads", "1");
  expect(stderr).not.toContain("dreamgrid:");
  expect(code).toBe(0);
  expect(stdout).toContain(`${join(out, "good.png")}  (2 of 2 images)`);
  expect(stderr).toMatch(/^\| Iteration +\| +Activation +\| +Pyramid Level +\|$/m);
  expect(stderr).toMatch(/^\| +2 \| +-?\d+\.\d\d \| +2 +\|$/m);
  const files = (await filesIn(out)).filter((file) => !file.startsWith(".pipeline"));
  expect(files).toEqual(expect.arrayContaining(["good.manifest.json", "good.png"]));
  const tiles = files.filter((file) => file.startsWith("good.tiles/"));
  expect(tiles.filter((file) => file.endsWith(".png"))).toHaveLength(2);
  expect(tiles.filter((file) => file.endsWith(".npy"))).toHaveLength(2);
});

test("a job of which no image could be drawn leaves a sheet and a manifest, and says so", async () => {
  const path = await request("dead.json", { network: "dead.onnx", layer: "logits", channels: [2] });
  const out = join(folder, "dead");
  const { code, stdout, stderr } = await run("dream", path, "--out", out, "--threads", "1");
  expect(stdout).toContain(`${join(out, "dead.png")}  (0 of 1 images, 1 failed)`);
  expect(stderr).toContain("dead: 1 of 1 images failed; dead.manifest.json says why");
  expect(stderr).toMatch(/^dreamgrid: dead: none of the images could be drawn$/m);
  expect(code).toBe(1);
  const files = (await filesIn(out)).filter((file) => !file.startsWith(".pipeline"));
  expect(files.toSorted()).toEqual(["dead.manifest.json", "dead.png", "index.html"]);
});

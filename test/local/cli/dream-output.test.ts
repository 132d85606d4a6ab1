import { existsSync, renameSync } from "node:fs";
import { chmod, mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { expect, onTestFinished, test, vi } from "vitest";

import { convertSheet, decodeImage, encodePng } from "../../../lib/image/png.ts";
import { untilTrue } from "../../support/until.ts";
import { expectRefused, run, runProcess, runWith } from "./command-line.ts";
import { makeModels } from "./models-on-disk.ts";

const folder = await makeModels();

/** One thread: each has ONNX Runtime to load, which takes longer than these images. */
const DREAM = ["dream", "--threads", "1"];

const request = (changes: object = {}) => ({
  network: join(folder, "good.onnx"),
  layer: "conv2",
  channels: [3, 1],
  numIterations: 2,
  pyramidLevels: 1,
  verbose: false,
  ...changes,
});
const out = (name: string) => join(folder, name);
const sheetsIn = async (path: string) =>
  (await readdir(path)).filter((file) => /^request\.(png|jpg|webp)$/.test(file)).toSorted();

test("- reads the request from standard input, and --json tells its events as lines", async () => {
  const stdin = JSON.stringify(request());
  const words = [...DREAM, "-", "--json", "--out", out("json")];
  const { code, stdout, stderr } = await runWith({ stdin }, ...words);
  expect({ code, stderr }).toMatchObject({ code: 0 });
  const events = stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as { kind: string; request: string; tile?: string });
  const named = events.filter(({ kind }) => kind !== "report").map((event) => event.request);
  expect(new Set(named)).toEqual(new Set(["request"]));
  expect(events.find(({ kind }) => kind === "accepted")).toMatchObject({
    total: 2,
    channels: [3, 1],
  });
  expect(events.find(({ kind }) => kind === "step")).toMatchObject({ level: 1 });
  const channels = events.filter(({ kind }) => kind === "channel");
  expect(channels).toMatchObject([
    { state: "ok", done: 1, total: 2 },
    { state: "ok", done: 2, total: 2 },
  ]);
  for (const { tile } of channels) expect((await readFile(tile!)).byteLength).toBeGreaterThan(50);
  const sheet = join(out("json"), "request.png");
  expect(events.at(-1)).toMatchObject({ kind: "report" });
  expect(events.at(-2)).toMatchObject({ kind: "ended", state: "completed", ok: 2, sheet });
  expect(await readdir(out("json"))).toContain("request.png");
});

test("what is wrong with standard input is said of it", async () => {
  const { code, stdout, stderr } = await runWith({ stdin: "{" }, ...DREAM, "-");
  expect(stderr).toMatch(/^dreamgrid: standard input: it is not JSON: [^\n]+\n$/);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
});

test("--quiet leaves the sheets' names", async () => {
  const stdin = JSON.stringify(request());
  const words = [...DREAM, "-", "--quiet", "--out", out("quiet")];
  const { code, stdout, stderr } = await runWith({ stdin }, ...words);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toMatch(/^.+request\.png {2}\(2 of 2 images\)\n$/);
  expect((await runWith({ stdin: "{" }, ...DREAM, "-", "--quiet")).stderr).toContain("not JSON");
});

test("paths in a request are relative to its file", async () => {
  const requests = out("requests");
  await mkdir(requests);
  const pixels = { width: 30, height: 20, data: new Uint8Array(1800).fill(90) };
  await writeFile(join(requests, "start.png"), await encodePng(pixels));
  const json = request({ network: "../good.onnx", initialImage: "start.png" });
  await writeFile(join(requests, "a.json"), JSON.stringify(json));
  const words = [...DREAM, join(requests, "a.json"), "--out", out("relative"), "--json"];
  const { code, stdout } = await run(...words);
  expect(code).toBe(0);
  expect(stdout).toContain('"ok":2');
  await rename(join(requests, "start.png"), join(folder, "start.png"));
  const again = [...DREAM, join(requests, "a.json"), "--out", out("relative")];
  await expectRefused(folder, again, /requests\/start\.png: there is no such file/);
});

test("schema prints what a request may be", async () => {
  const { code, stdout } = await run("schema");
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    oneOf: [{ required: ["network", "layer"] }, { required: ["network", "layer", "method"] }],
  });
});

test("--open shows the result in the program that BROWSER names", async () => {
  const browser = join(folder, "browser");
  const shown = join(folder, "shown");
  await writeFile(
    browser,
    `#!/bin/sh\nprintf '%s' "$1" > '${shown}.part' && mv '${shown}.part' '${shown}'\n`,
  );
  await chmod(browser, 0o755);
  const stdin = JSON.stringify(request());
  const words = [...DREAM, "-", "--open", "--out", out("R&D")];
  const { code } = await runWith({ stdin, env: { BROWSER: browser } }, ...words);
  expect(code).toBe(0);
  const isShown = async () => (await readdir(folder)).includes("shown");
  await untilTrue(isShown, () => "nothing was shown");
  expect(await readFile(shown, "utf8")).toMatch(/^file:\/\/.*\/R%26D\/index\.html$/);

  const nowhere = { BROWSER: join(folder, "no-such-browser") };
  const { stderr } = await runWith({ stdin, env: nowhere }, ...words);
  expect(stderr).toMatch(/no program was found to open it/);
});

test("a tile is there before its job has ended, and nothing is left of another job", async () => {
  const folderOut = out("live");
  await mkdir(join(folderOut, "request.tiles"), { recursive: true });
  await writeFile(join(folderOut, "request.tiles", "00077.png"), "of another job");
  await writeFile(join(folderOut, "request.png"), "of another job");
  const seen: { readonly tile: boolean; readonly sheet: boolean }[] = [];
  const onLine = (line: string) => {
    const event = JSON.parse(line) as { kind: string; tile?: string };
    if (event.kind !== "channel") return;
    const tile = existsSync(event.tile!);
    seen.push({ tile, sheet: existsSync(join(folderOut, "request.png")) });
  };
  const stdin = JSON.stringify(request());
  await runWith({ stdin, onLine }, ...DREAM, "-", "--json", "--out", folderOut);
  expect(seen).toHaveLength(2);
  expect(seen[0]).toEqual({ tile: true, sheet: false });
  expect((await readdir(join(folderOut, "request.tiles"))).toSorted()).toEqual([
    "00001.png",
    "00003.png",
  ]);
  expect(await readFile(join(folderOut, "index.html"), "utf8")).toContain(
    "request.tiles/00003.png",
  );
});

test.each([
  [["--animate"], "webp"],
  [["--animate", "gif"], "gif"],
])(
  "%s leaves each image's ascent beside it, of what was drawn without it too",
  async (words, ending) => {
    const path = join(folder, "moving.json");
    await writeFile(path, JSON.stringify(request()));
    const folderOut = out(`moving-${ending}`);
    await run(...DREAM, path, "--out", folderOut);
    const still = await readFile(join(folderOut, "moving.tiles", "00003.png"));
    const { code, stdout } = await run(...DREAM, path, "--json", ...words, "--out", folderOut);
    expect(code).toBe(0);
    const files = (await readdir(join(folderOut, "moving.tiles"))).toSorted();
    expect(files).toEqual(
      ["00001", "00003"].flatMap((name) => [`${name}.png`, `${name}.${ending}`]).toSorted(),
    );
    expect(await readFile(join(folderOut, "moving.tiles", "00003.png"))).toEqual(still);
    expect(stdout).toContain(`moving.tiles/00003.${ending}"`);
    const page = await readFile(join(folderOut, "index.html"), "utf8");
    expect(page).toContain(`data-animation="./moving.tiles/00003.${ending}"`);
  },
);

test("what failed, and is drawn by a second run, is delivered as if it never had", async () => {
  const words = [...DREAM, "-", "--json", "--out", out("again")];
  const stdin = JSON.stringify(request({ pyramidLevels: 2, outputScaling: "none" }));
  const temporary = out("temporary");
  await mkdir(temporary);
  vi.stubEnv("TMPDIR", temporary);
  onTestFinished(() => void vi.unstubAllEnvs());
  const onLine = (line: string) => {
    // from here on no graph can be written, and each level has one; renamed, as a folder in
    // which another thread is just writing cannot be removed
    if (line.includes('"accepted"')) renameSync(temporary, out("temporary-gone"));
  };
  expect(await runWith({ stdin, onLine }, ...words)).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/none of the images could be drawn\n$/),
  });
  expect(existsSync(join(out("again"), "request.tiles"))).toBe(false);
  await mkdir(temporary);
  expect(await sheetsIn(out("again"))).toEqual(["request.png"]);
  const second = await runWith({ stdin }, ...words, "--format", "webp");
  expect(second).toMatchObject({ code: 0, stdout: expect.stringContaining('"ok":2') });
  // the other showed what failed
  expect(await sheetsIn(out("again"))).toEqual(["request.webp"]);
  const tiles = ["00001.npy", "00001.png", "00003.npy", "00003.png"];
  expect((await readdir(join(out("again"), "request.tiles"))).toSorted()).toEqual(tiles);
});

test("the report's request, copied, is the same job from any folder", async () => {
  await writeFile(
    join(folder, "start.png"),
    await encodePng({ width: 40, height: 30, data: new Uint8Array(3600).fill(90) }),
  );
  const path = join(folder, "copied.json");
  await writeFile(
    path,
    JSON.stringify(request({ network: "good.onnx", initialImage: "start.png" })),
  );
  await run(...DREAM, path, "--out", out("copied"));
  const jobOf = async (name: string) => {
    const text = await readFile(join(out("copied"), `${name}.manifest.json`), "utf8");
    return (JSON.parse(text) as { jobId: string }).jobId;
  };
  const page = await readFile(join(out("copied"), "index.html"), "utf8");
  const [, shown = ""] = /<pre id="sheet-1-request"[^>]*>([^<]*)<\/pre>/.exec(page) ?? [];
  const stdin = shown.replaceAll("&quot;", '"');
  expect(JSON.parse(stdin)).toMatchObject({
    network: join(folder, "good.onnx"),
    initialImage: join(folder, "start.png"),
  });
  const { code } = await runWith({ stdin }, ...DREAM, "-", "--out", out("copied"));
  expect(code).toBe(0);
  expect(await jobOf("request")).toBe(await jobOf("copied"));
});

test("a page that is no report is not overwritten", async () => {
  await mkdir(out("site"));
  await writeFile(join(out("site"), "index.html"), "<title>My site</title>");
  const path = join(folder, "site.json");
  await writeFile(path, JSON.stringify(request()));
  const words = [...DREAM, path, "--out", out("site")];
  await expectRefused(folder, words, /index\.html: it is no report of ours.*--out/);
});

test.each([
  ["jpeg", "request.jpg", 3],
  ["webp", "request.webp", 4],
])(
  "--format %s writes the sheet as that, and leaves none of another job",
  async (format, file, seed) => {
    const stdin = JSON.stringify(request({ seed }));
    const words = [...DREAM, "-", "--format", format, "--out", out("formats")];
    const { code, stdout } = await runWith({ stdin }, ...words);
    expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringContaining(file) });
    const sheet = await decodeImage(await readFile(join(out("formats"), file)));
    const { sheet: described } = JSON.parse(
      await readFile(join(out("formats"), "request.manifest.json"), "utf8"),
    ) as { sheet: { width: number; height: number } };
    expect(sheet).toMatchObject({ width: described.width, height: described.height });
    expect(await readFile(join(out("formats"), "index.html"), "utf8")).toContain(`./${file}`);
    expect(await sheetsIn(out("formats"))).toEqual([file]);
  },
);

test("a request says its sheet's format, unless --format does", async () => {
  const stdin = JSON.stringify({ ...request(), montage: { format: "jpeg" } });
  const words = [...DREAM, "-", "--out", out("said")];
  const named = async (...more: string[]) => {
    const { code, stdout } = await runWith({ stdin }, ...words, ...more);
    return { code, stdout, sheets: await sheetsIn(out("said")) };
  };
  expect(await named()).toMatchObject({
    code: 0,
    stdout: expect.stringContaining("request.jpg"),
    sheets: ["request.jpg"],
  });
  // of one job, which may be wanted as both
  expect((await named("--format", "webp")).sheets).toEqual(["request.jpg", "request.webp"]);
  const sheet = await readFile(join(out("said"), "request.webp"));
  expect(sheet.subarray(8, 12).toString()).toBe("WEBP");
});

test("without any font, a title says which of its letters are lost", async () => {
  const fonts = join(folder, "no-fonts.conf");
  await writeFile(
    fonts,
    `<?xml version="1.0"?><fontconfig><cachedir>${folder}</cachedir></fontconfig>`,
  );
  vi.stubEnv("FONTCONFIG_FILE", fonts);
  onTestFinished(() => void vi.unstubAllEnvs());
  const path = join(folder, "titled.json");
  await writeFile(path, JSON.stringify(request({ montage: { title: "Café" } })));
  const mixed = join(folder, "mixed.json");
  await writeFile(mixed, JSON.stringify(request({ montage: { title: "Café – 層 Слой" } })));
  const { code, stderr } = await runProcess(...DREAM, path, mixed, "--out", out("fontless"));
  expect({ code, stderr }).toMatchObject({ code: 0 });
  expect(stderr).toMatch(/^titled: .*has no font for é: /m);
  expect(stderr).toMatch(/^mixed: .*has no font for é 層 С л о й: /m);
  const report = await readFile(join(out("fontless"), "index.html"), "utf8");
  expect(report).toContain("has no font for é 層 С л о й: ");
});

test("a sheet that a format cannot hold is refused with its size", async () => {
  const wide = await encodePng({ width: 16_400, height: 1, data: new Uint8Array(3 * 16_400) });
  await expect(convertSheet(wide, "png", "webp")).rejects.toThrow(
    "16400x1 pixels, and webp holds 16383 a side",
  );
  expect((await convertSheet(wide, "png", "jpeg")).subarray(0, 2)).toEqual(
    new Uint8Array([0xff, 0xd8]),
  );
  expect(await convertSheet(wide, "png", "png")).toBe(wide);
});

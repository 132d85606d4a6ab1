import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { expect, test } from "vitest";

import { html, Html, jsonBlock } from "../../../local/report/html.ts";
import { ReportFile } from "../../../local/report/report-file.ts";
import { noticesOf, reportSheetSchema, requestToCopy } from "../../../local/report/report-sheet.ts";
import { temporaryFolder } from "../../networks/temporary-folder.ts";
import { ATTACK, sampleSheet } from "./sample-sheet.ts";

async function written(
  name: string,
  changes: Parameters<typeof sampleSheet>[0] = {},
  { embed = false, isRunning = false } = {},
) {
  const folder = await temporaryFolder();
  await mkdir(join(folder, `${name}.tiles`));
  await writeFile(join(folder, `${name}.tiles`, "00003.png"), "three");
  const report = new ReportFile({ folder, embed, now: () => new Date(1_234_567) });
  await report.write([{ name, sheet: sampleSheet(changes), image: `${name}.png` }], isRunning);
  return { page: await readFile(report.path, "utf8"), folder, report };
}

const between = (page: string, start: string, end: string) =>
  page.slice(page.indexOf(start) + start.length, page.indexOf(end, page.indexOf(start)));

test("nothing of a page comes from elsewhere, and only its own script and style count", async () => {
  const { page } = await written("a");
  // the namespace that SVG elements are made in is a name, and nothing is fetched from it
  const addresses = page.replaceAll("http://www.w3.org/2000/svg", "").match(/\w+:\/\/[^\s"']*/g);
  expect(addresses).toBeNull();
  expect(page).not.toMatch(/<(?:link|iframe|object|base)\b|@import|url\(/);
  const policy = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(page)?.[1];
  const hash = (text: string) => createHash("sha256").update(text).digest("base64");
  const [style, script] = [
    between(page, "<style>", "</style>"),
    between(page, "<script>", "</script>"),
  ];
  expect(script.length).toBeGreaterThan(1_000);
  expect(policy?.replaceAll("&#39;", "'").split("; ")).toEqual([
    "default-src 'none'",
    "img-src 'self' file: data:",
    `style-src 'sha256-${hash(style)}'`,
    `script-src 'sha256-${hash(script)}'`,
    "base-uri 'none'",
    "form-action 'none'",
  ]);
});

test("names are text, wherever they stand", async () => {
  const { page } = await written("a", {
    label: ATTACK,
    layer: ATTACK,
    network: ATTACK,
    reason: ATTACK,
    notice: ATTACK,
    title: ATTACK,
  });
  expect(page.split("alert(1)").length - 1).toBeGreaterThan(6);
  expect(page).not.toContain("<img src=x");
  // its own two, and no third
  expect(page.match(/<script/g)).toHaveLength(2);
  expect(page.match(/<\/script/g)).toHaveLength(2);
  expect(new Html(ATTACK).text, "what is called markup stays so").toContain("<img src=x");
  expect(html`${new Html("<b>")}${`<b a="'&`}`.text).toBe("<b>&lt;b a=&quot;&#39;&amp;");
});

test("the data block is the data, whatever is in them", () => {
  const data = { name: `${ATTACK}<!-- <script>`, nested: ["</script>"] };
  const { text } = jsonBlock(data);
  expect(text).not.toContain("<");
  expect(JSON.parse(text)).toEqual(data);
});

test("a sheet's name may have any character: tiles are found under it", async () => {
  const { page, folder } = await written("50 % #1? & 'so'");
  const source = /<img\s+src="([^"]*)"/.exec(page)?.[1]?.replaceAll("&#39;", "'");
  const path = new URL(source!, new URL(`file://${folder}/index.html`)).pathname;
  expect(decodeURIComponent(path)).toBe(join(folder, "50 % #1? & 'so'.tiles", "00003.png"));
});

test("embedded tiles are in the page, which then names no file", async () => {
  const { page, folder, report } = await written("a", {}, { embed: true });
  expect(page).toContain(`src="data:image/png;base64,${Buffer.from("three").toString("base64")}"`);
  expect(page).toContain('href="#s1-3"');
  expect(page).not.toContain("a.tiles");
  expect(page).not.toContain("a.png");
  // one that has been moved away is named
  await rm(join(folder, "a.tiles", "00003.png"));
  await report.write([{ name: "a", sheet: sampleSheet(), image: "a.png" }], false);
  expect(await readFile(report.path, "utf8")).toContain('src="./a.tiles/00003.png"');
});

test("a sheet that goes on says how far it is, and one that has ended which its files are", async () => {
  const { page: running } = await written("a");
  for (const said of [
    "1 sheet, 1 image<",
    "1 of 4 images, 1 failed, 1 cancelled, not finished<",
    '<progress max="4" value="3"',
    'width="30"\n    height="20"',
    'viewBox="0 0 30 20"',
    'class="tiles few"',
  ])
    expect(running).toContain(said);
  expect(running).not.toMatch(/manifest\.json|aria-label="Sheets"/);
  const { tiles, ...sample } = sampleSheet();
  const marks = { selective: 0.5, blank: 0, washedOut: 0, noisy: 0, redrawn: 1 };
  const means = { meanLuminanceDeviation: 0.12, meanFineShare: 0.04, meanProbability: null };
  const ended = { state: "completed", total: 13, failed: 0, cancelled: 0 };
  const [drawn] = tiles;
  const sheet = reportSheetSchema.parse({
    ...sample,
    ...ended,
    request: { ...sample.request, targets: [] },
    quality: { tiles: 1, ...marks, ...means, robust: null, meanRobustness: null },
    tiles: [
      { ...drawn, activations: [[1.23456789]] },
      ...Array.from({ length: 12 }, (_, i) => ({ channel: 4 + i, label: null, state: "waiting" })),
    ],
  });
  const report = new ReportFile({ folder: await temporaryFolder(), embed: false });
  await report.write([{ name: "a b", sheet, image: "a b.webp" }], false);
  const page = await readFile(report.path, "utf8");
  for (const said of [
    ">1 of 13 images<",
    'href="./a%20b.webp"',
    'href="./a%20b.manifest.json"',
    "selective 50 %, luminance deviation 0.12, fine detail 4 %, blank 0 %, redrawn 100 %",
    'class="tiles"',
    'alt="image 3, snail"',
    '"levels":[[1.2346]]',
  ])
    expect(page).toContain(said);
  expect(page).not.toContain("<progress");
});

test("a picture with an animation has a button for it, and no other has", async () => {
  expect((await written("a")).page).not.toContain('class="play"');
  const changes = { animation: "jobs/a1/tiles/00003.webp" };
  const { page, folder, report } = await written("a b", changes);
  expect(page.match(/class="play"/g)).toHaveLength(1);
  expect(between(page, 'class="play"', "</button>")).toContain("./a%20b.tiles/00003.webp");
  expect(page).toContain('aria-label="Play how channel 3 came about"');
  expect(page).toContain('data-seconds="0.6"');

  await writeFile(join(folder, "a b.tiles", "00003.webp"), "moving");
  const embedding = new ReportFile({ folder, embed: true });
  await embedding.write([{ name: "a b", sheet: sampleSheet(changes), image: "a b.png" }], false);
  const embedded = await readFile(report.path, "utf8");
  const data = Buffer.from("moving").toString("base64");
  expect(embedded).toContain(`data-animation="data:image/webp;base64,${data}"`);
});

test("a page of a run that goes on says when it was written, a finished one does not", async () => {
  const { page } = await written("a", {}, { isRunning: true, embed: true });
  expect(page).toContain('data-written="1234567"');
  // while tiles come in they are read from their files
  expect(page).toContain('src="./a.tiles/00003.png"');
  expect((await written("a")).page).not.toContain("data-written=");
});

test("a sheet says how it was drawn: by the preset, and by what of it is otherwise", async () => {
  const report = new ReportFile({ folder: await temporaryFolder(), embed: false });
  const request = { method: "fourier", numIterations: 16, saturation: 2, seed: 7, montage: {} };
  const presetForm = { preset: "channels", numIterations: 16, saturation: 2 };
  const sheet = { ...sampleSheet(), request, presetForm };
  const before = { ...sampleSheet(), request, presetForm: null };
  await report.write(
    [
      { name: "a", sheet, image: "a.png" },
      { name: "b", sheet: before, image: "b.png" },
    ],
    false,
  );
  const page = await readFile(report.path, "utf8");
  expect(page).toContain(
    "net · layer 2 · fourier, preset channels · 16 iterations · saturation 2 · seed 7<",
  );
  expect(page).toContain("net · layer 2 · fourier · 16 iterations · seed 7<");
  const sample = await written("a");
  expect(sample.page).toContain("net · layer 2 · deepdream · 3 x 2 iterations · seed 0<");
});

test("the request to copy says what is not usual, and channels that follow each other as a range", () => {
  const usual = { executionEnvironment: "auto", verbose: true, seed: 0 };
  const request = { ...usual, method: "deepdream", layer: 2, numIterations: 7, pyramidLevels: 3 };
  const copied = (fields: object, others: object = {}) =>
    requestToCopy({ ...sampleSheet(), request: { ...request, ...fields }, ...others });
  const shortest = { method: "deepdream", layer: "conv2", numIterations: 7 };
  expect(copied({ channels: [4, 5, 6] })).toEqual({ ...shortest, channels: "4:6" });
  // their order is the sheet's
  for (const channels of [
    [6, 5, 4],
    [4, 6, 7],
    [4, 5],
  ])
    expect(copied({ channels })).toEqual({ ...shortest, channels });
  const given = { network: "/home/a/net.onnx" };
  expect(copied({ channels: [1], network: "net" }, { given })).toEqual({
    ...shortest,
    channels: [1],
    ...given,
  });
  const presetForm = { preset: "lucid", saturation: 2 };
  const lucid = { method: "fourier", saturation: 2, spectrumDecay: 1, channels: [1] };
  expect(copied(lucid, { presetForm })).toMatchObject({ preset: "lucid", saturation: 2 });
  expect(copied(lucid, { presetForm })).not.toHaveProperty("numIterations");
});

test("of a sheet too large for one file it is said that the file is an overview", () => {
  const noticesFor = (montage: object, more: object = {}) => {
    const sheet = { width: 900, height: 400, montage, ...more };
    return noticesOf(reportSheetSchema.parse({ ...sampleSheet(), sheet }));
  };
  const { tiles } = sampleSheet();
  const ofTiles = noticesOf({ ...sampleSheet(), tiles: [...tiles, ...tiles] });
  expect(ofTiles).toEqual(["one image at a time"]);
  expect(noticesFor({ width: 900, height: 400 })).toEqual(ofTiles);
  expect(noticesFor({ width: 900, height: 399 })).toHaveLength(2);
  const [missing] = noticesFor({ width: 900, height: 400 }, { missingGlyphs: "層" });
  expect(missing).toContain("no font for 層");
  expect(noticesFor({ width: 450, height: 210 })).toEqual([
    expect.stringMatching(
      /^a sheet of 900x400 pixels .* is an overview of 450x210; .* thumbnailSize/,
    ),
    ...ofTiles,
  ]);
});

test("every tile is shown as what it became", async () => {
  const { page } = await written("a");
  const states = ["failed", "cancelled", "waiting"].map((state) => `class="${state}"`);
  for (const shown of [...states, 'alt="channel 3, snail"', "out of memory", "fragile"])
    expect(page).toContain(shown);
});

test("the sheets that lie in the folder are in the report, once, behind those of the run", async () => {
  const folder = await temporaryFolder();
  const manifest = (layer: string) =>
    JSON.stringify({ version: 1, ...sampleSheet({ layer }), state: "completed" });
  await writeFile(join(folder, "b.manifest.json"), manifest("earlier"));
  await writeFile(join(folder, "b.webp"), "a sheet");
  await writeFile(join(folder, "a.manifest.json"), manifest("earliest"));
  await writeFile(join(folder, "new.manifest.json"), manifest("replaced"));
  await writeFile(join(folder, "other.manifest.json"), '{"name": "a web app"}');
  await writeFile(join(folder, "damaged.manifest.json"), '{"version": 1,');
  const report = new ReportFile({ folder, embed: false });
  await report.write(
    [{ name: "new", sheet: sampleSheet({ layer: "latest" }), image: "new.webp" }],
    false,
  );
  const page = await readFile(report.path, "utf8");
  expect(
    [...page.matchAll(/<h2 id="sheet-\d+-title">([^<]*)</g)].map(([, title]) => title),
  ).toEqual(["latest", "earliest", "earlier"]);
  const images = page.matchAll(/href="([^"]*)">The sheet as one image/g);
  expect([...images].map(([, image]) => image)).toEqual(["./a.png", "./b.webp"]);
});

test("sheets go by their titles, or layers; those that have the same by their requests too", async () => {
  const report = new ReportFile({ folder: await temporaryFolder(), embed: false });
  const named = [
    ["vivid", "prob"],
    ["b", "conv"],
    ["<lucid>", "prob"],
    ["c", "prob", "concepts of prob"],
  ] as const;
  const sheets = named.map(([name, layer, title]) => {
    const sheet = sampleSheet({ layer, network: name, ...(title && { title }) });
    return { name, sheet, image: `${name}.png` };
  });
  await report.write(sheets, false);
  const page = await readFile(report.path, "utf8");
  for (const told of ["<h1>4 networks</h1>", "c · layer 2 prob · deepdream"])
    expect(page).toContain(told);
  const wanted = ["prob, vivid", "conv", "prob, &lt;lucid&gt;", "concepts of prob"];
  const found = (pattern: RegExp) => [...page.matchAll(pattern)].map(([, title]) => title);
  expect(found(/<h2 id="sheet-\d+-title">([^<]*)</g)).toEqual(wanted);
  expect(found(/<a href="#sheet-\d+">([^<]*)</g)).toEqual(wanted);
});

test("a report that cannot be put in its place leaves nothing behind", async () => {
  const folder = await temporaryFolder();
  await mkdir(join(folder, "index.html"));
  const report = new ReportFile({ folder, embed: false });
  const sheets = [{ name: "a", sheet: sampleSheet(), image: "a.png" }];
  await expect(report.write(sheets, false)).rejects.toThrow(/EISDIR|EPERM|EACCES/);
  expect(await readdir(folder)).toEqual(["index.html"]);
});

test("a page of somebody else's is not replaced", async () => {
  const { report, folder } = await written("a");
  expect(await report.mayBeWritten()).toBe(true);
  await rm(report.path);
  expect(await report.mayBeWritten()).toBe(true);
  await writeFile(join(folder, "index.html"), "<!doctype html><title>My site</title>");
  expect(await report.mayBeWritten()).toBe(false);
});

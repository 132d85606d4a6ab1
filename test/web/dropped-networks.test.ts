import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { describe, expect, test } from "vitest";

import { node, sketch, writeModel } from "../support/onnx-writer.ts";
import { promised } from "../support/promised.ts";
import { uniform } from "../support/random.ts";
import { CHROMIUM, expectAccessible, openPage, PATIENT } from "./browser.ts";
import { postJob, tinyServiceAndBrowser } from "./tiny-service.ts";

/** Until it is open nothing is drawn. */
let gate: Promise<void> | null = null;

describe.skipIf(CHROMIUM === null)("dropped networks", () => {
  const { browser, url, service } = tinyServiceAndBrowser({
    renderer: { beforeChannel: async () => void (await gate) },
  });

  const at = (hash: string) => `${url()}/${hash}`;

  test("a dropped network is there at once; of a broken one its problem is told", async () => {
    const { page, complaints } = await openPage(browser());
    await page.goto(at("#/"));
    const files = page.locator("input[type=file]");
    const buffer = await readFile(join(service().folder, "tiny/tiny.onnx"));
    const drop = async (name: string, bytes: Buffer) => {
      await files.setInputFiles({ name, mimeType: "application/octet-stream", buffer: bytes });
      await page.getByRole("button", { name: "Add the network" }).click();
    };
    await drop("broken one.onnx", buffer.subarray(0, buffer.byteLength - 100));
    const problem = await page.getByRole("alert").textContent();
    expect(problem).toMatch(/broken one\.onnx/);
    expect(problem).not.toContain(tmpdir());
    // the same file, mended, is a choice again
    expect(await files.inputValue()).toBe("");
    await drop("weights.bin", buffer);
    await page.getByText("weights.bin: networks are read as ONNX; load the model in").waitFor();
    // the server answered with a problem, which the browser notes by itself
    expect(complaints.filter((text) => !text.includes("status of 400"))).toEqual([]);
    await drop("My Network.onnx", buffer);
    await page.getByRole("heading", { name: "My-Network" }).waitFor();
    await page.getByRole("cell", { name: "wide", exact: true }).waitFor();
    await page.goto(at("#/"));
    await drop("tiny.onnx", buffer);
    await page.getByText("there is a network 'tiny' already").waitFor();
    await page.close();
  });

  test("a dropped network can be removed again, once nothing is drawn with it", async () => {
    const { page, complaints } = await openPage(browser());
    const buffer = await readFile(join(service().folder, "tiny/tiny.onnx"));
    await page.goto(at("#/"));
    await page
      .locator("input[type=file]")
      .setInputFiles({ name: "gone.onnx", mimeType: "", buffer });
    await page.getByRole("button", { name: "Add the network" }).click();
    const remove = page.getByRole("button", { name: "Remove" });
    await remove.waitFor();
    await expectAccessible(page);
    const [opened, open] = promised();
    gate = opened;
    const { jobId } = (await (await postJob(url(), { network: "gone", channels: [1] })).json()) as {
      jobId: string;
    };
    const atlas = page.getByRole("link", { name: "Atlas" });
    const place = await atlas.boundingBox();
    // who is asked and says no has changed nothing
    page.once("dialog", (dialog) => void dialog.dismiss());
    await remove.click();
    page.on("dialog", (dialog) => void dialog.accept());
    await remove.click();
    await page.getByText(`network 'gone' is drawn with by ${jobId}`).waitFor();
    open();
    gate = null;
    expect(await atlas.boundingBox(), "the sentence moves no button").toEqual(place);
    const hasEnded = async () => {
      const job = await (await fetch(`${url()}/jobs/${jobId}`)).json();
      return (job as { completedAt: string | null }).completedAt !== null;
    };
    await expect.poll(hasEnded, PATIENT).toBe(true);
    await remove.click();
    await page.getByRole("heading", { level: 1, name: "Networks" }).waitFor();
    await page.getByRole("link", { name: /tiny/ }).waitFor();
    expect(await page.getByRole("link", { name: /gone/ }).count()).toBe(0);
    await page.goto(at(`#/-/jobs/${jobId}`));
    await page.getByRole("img", { name: "channel 1" }).waitFor();
    // what is in a folder would come again
    await page.goto(at("#/tiny"));
    await atlas.waitFor();
    expect(await remove.count()).toBe(0);
    expect(complaints.filter((text) => !text.includes("status of 409"))).toEqual([]);
    await page.close();
  });

  test("one that is added under the name of one that was removed elsewhere is shown with its own layers", async () => {
    const { page, complaints } = await openPage(browser());
    const add = async (buffer: Buffer) => {
      await page.goto(at("#/"));
      await page
        .locator("input[type=file]")
        .setInputFiles({ name: "again.onnx", mimeType: "", buffer });
      await page.getByRole("button", { name: "Add the network" }).click();
      await page.getByRole("heading", { level: 1, name: "again" }).waitFor();
    };
    await add(await readFile(join(service().folder, "tiny/tiny.onnx")));
    await page.getByRole("link", { name: "wide", exact: true }).first().click();
    await page.getByText("7 channels").waitFor();
    expect((await fetch(`${url()}/networks/again`, { method: "DELETE" })).status).toBe(200);
    const graph = sketch({
      inputs: { image: [1, 3, 16, 20] },
      nodes: [{ ...node("Conv", "image kernel", "y"), name: "wide" }],
      outputs: ["y"],
      initializers: { kernel: uniform([2, 3, 1, 1], 1, [-1, 1]) },
    });
    await add(Buffer.from(writeModel(graph, 17)));
    await page.getByRole("link", { name: "wide", exact: true }).first().click();
    await page.getByText("2 channels").waitFor();
    // between the two it may ask for the one that is gone, or what it takes to draw it
    expect(complaints.filter((text) => !/status of 40[04]/.test(text))).toEqual([]);
    await page.close();
  });

  test("how much of a large file has been sent is shown", async () => {
    const { page, complaints } = await openPage(browser());
    const model = await readFile(join(service().folder, "tiny/tiny.onnx"));
    const cdp = await page.context().newCDPSession(page);
    const slowed = {
      offline: false,
      latency: 0,
      downloadThroughput: -1,
      uploadThroughput: 50_000,
    };
    await page.goto(at("#/"));
    await page.locator("input[type=file]").setInputFiles([
      { name: "sent.onnx", mimeType: "", buffer: model },
      { name: "weights.bin", mimeType: "", buffer: Buffer.alloc(4_000_000) },
    ]);
    await cdp.send("Network.emulateNetworkConditions", slowed);
    await page.getByRole("button", { name: "Add the network" }).click();
    const bar = page.getByRole("progressbar", { name: "sent" });
    const share = async () => Number(await bar.getAttribute("value"));
    await page.getByText("sending weights.bin").waitFor();
    await expect.poll(share, PATIENT).toBeGreaterThan(0.01);
    expect(await share()).toBeLessThan(1);
    await page.getByText(/^\d+ %$/).waitFor();
    await expectAccessible(page);
    await cdp.send("Network.emulateNetworkConditions", { ...slowed, uploadThroughput: -1 });
    await page.getByRole("heading", { name: "sent" }).waitFor();
    expect(complaints).toEqual([]);
    await page.close();
  });
});

import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import { beforeEach, expect, onTestFinished, test } from "vitest";

import { createHandler as createDeadLetter } from "../../functions/dead-letter/handler.ts";
import { decodeImage } from "../../lib/image/png.ts";
import { readPicture } from "../../lib/image/user-file.ts";
import { NetworkError } from "../../lib/networks/errors.ts";
import { AscentEngine } from "../../lib/optvis/ascent/engine.ts";
import { seenPlanes } from "../../lib/optvis/ascent/network-planes.ts";
import { explainImage } from "../../lib/pipeline/explain/explain.ts";
import type { Figures } from "../../lib/pipeline/explain/figures-schema.ts";
import { EXPLANATION_PREFIX, explanationKeys } from "../../lib/pipeline/keys.ts";
import { MAX_ATTEMPTS } from "../../lib/pipeline/limits.ts";
import { renderMessages } from "../../lib/pipeline/render/render-messages.ts";
import { explanationReport } from "../../local/cli/explanation-report.ts";
import { deliveries, NOW } from "../support/memory-pipeline.ts";
import { silentLog } from "../support/silent-log.ts";
import { sqsEvent } from "../support/sqs-event.ts";
import { type Answer, type QuestionDesk, questionDesk, SNAIL } from "./question-desk.ts";

let { folder, pipeline, call, explainer, ask, look, keptAs, keep, work } = {} as QuestionDesk;
beforeEach(async () => {
  ({ folder, pipeline, call, explainer, ask, look, keptAs, keep, work } = await questionDesk());
});

test("a question is answered once, however often it is asked and its message comes", async () => {
  const asked = await ask();
  expect(asked).toMatchObject({ state: "pending", problems: [], explanation: null });
  expect(await ask()).toEqual(asked);
  // what it is of is part of it
  expect((await ask({ ...SNAIL, class: 2 })).id).not.toBe(asked.id);
  expect(pipeline.cpu.sent).toHaveLength(2);
  // both messages twice, and a channel's among them
  await pipeline.accept({ channels: [3] });
  pipeline.cpu.sent.push(...pipeline.cpu.sent.slice(0, 2));
  expect(await work()).toBe(0);
  expect(explainer.calls).toBe(2);
  const done = await look(asked.id);
  expect(done).toMatchObject({
    state: "done",
    network: "tiny",
    class: "snail",
    layer: null,
    explanation: { class: { channel: 1, label: "snail" }, layer: { name: "wide_relu" } },
  });
  expect(await ask()).toEqual(done);
  expect(pipeline.cpu.sent).toHaveLength(5);
  const pixels = await call("GET", `/explanations/${asked.id}/pixels`);
  expect([pixels.status, (pixels.body as Answer).problems]).toEqual([
    404,
    [`explanation '${asked.id}' has no pixels; ask with "pixels": true`],
  ]);
  const image = await call("GET", `/explanations/${asked.id}/image`);
  expect([image.status, image.headers["Location"]]).toEqual([
    302,
    expect.stringContaining(SNAIL.image),
  ]);
});

test("a worker's figures are those that the command prints", async () => {
  const { id, links } = await ask({ ...SNAIL, layer: "wide", pixels: { steps: 4 } });
  expect(links.pixels).toBeNull();
  expect((await call("GET", `/explanations/${id}/pixels`)).status).toBe(404);
  expect(await work()).toBe(0);
  const { explanation, ...answer } = await look(id);
  const photo = join(folder, "photo.png");
  await writeFile(photo, await pipeline.store.get(SNAIL.image));
  const network = await pipeline.deps.networks.open("tiny");
  const engine = new AscentEngine({ threads: 1 });
  onTestFinished(() => engine.close());
  const pixels = { steps: 4, noise: 0.1 };
  const asked = { class: "snail", layer: "wide", pixels };
  const planes = await seenPlanes(await readPicture(photo), network.model);
  const shown = { ...(await explainImage(engine, network, planes, asked)), photo, top: [] };
  const printed = JSON.parse(JSON.stringify(explanationReport(shown).json));
  const { class: of, layer, score, contributed, mapSize } = printed;
  expect(explanation).toMatchObject({ class: of, layer, score, contributed, mapSize });
  expect(explanation!.pixels).toEqual(printed.pixels);
  expect(answer).toMatchObject({ pixels });
  const { status, headers } = await call("GET", answer.links.pixels!);
  const key = explanationKeys(id).pixels;
  expect([status, headers["Location"]]).toEqual([302, expect.stringContaining(key)]);
  // of so few pixels nothing is blurred: where they speak for it there is more red than blue
  const { width, height, data } = await decodeImage(await pipeline.store.get(key));
  expect([height, width]).toEqual([16, 20]);
  const drawn = Array.from({ length: 320 }, (_, i) => Math.sign(data[3 * i]! - data[3 * i + 2]!));
  const [plane, other, third] = [0, 320, 640].map((at) => shown.pixels!.data.subarray(at));
  const spoken = drawn.map((_, i) => plane![i]! + other![i]! + third![i]!);
  const most = Math.max(...spoken.map(Math.abs));
  const strong = spoken.map((value, i) => [value, drawn[i]!] as const);
  for (const [value, sign] of strong.filter(([each]) => Math.abs(each) > most / 20)) {
    expect(sign).toBe(Math.sign(value));
  }
  expect(explanation!.seen.slice(0, printed.seen.length)).toEqual(printed.seen);
  expect(mapSize).toEqual([16, 20]);
  // what is to be looked at has four digits
  const inDigits = (value: number) => Number(value.toPrecision(4));
  expect(explanation!.places).toEqual(printed.places.map(inDigits));
  const all = printed.channels as Figures["channels"];
  const speaking = all.filter(({ contribution }) => contribution > 0);
  expect(explanation!.channels).toEqual(
    speaking.map((channel) => {
      const { contribution } = channel;
      return {
        ...channel,
        share: score > 0 ? contribution / score : null,
        places: expect.anything(),
      };
    }),
  );
  expect(speaking.length).toBeGreaterThan(1);
  for (const { contribution, places } of explanation!.channels) {
    const sum = places.reduce((added, place) => added + place, 0);
    expect(sum / contribution).toBeCloseTo(1, 2);
  }
});

test("asking that is cut short between its writes is completed by the next, or the worker", async () => {
  pipeline.cpu.failAfter(0);
  expect((await call("POST", "/explanations", { body: SNAIL })).status).toBe(500);
  const { id } = await ask();
  expect(pipeline.cpu.sent).toHaveLength(1);
  // killed before it said that it has been sent
  await pipeline.store.delete(explanationKeys(id).asked);
  await ask();
  expect(pipeline.cpu.sent).toHaveLength(2);
  expect(await work()).toBe(0);
  expect(explainer.calls).toBe(1);
  // one of before places and pixels were told of is read as it is
  const found = await look(id);
  expect(found.explanation!.atPlaces!.mapSize).toEqual([16, 10]);
  const { question, result } = explanationKeys(id);
  const { pixels: none, ...asked } = await keptAs(question);
  const kept = await keptAs(result);
  const { atPlaces, pixels, ...explanation } = kept["explanation"] as Figures;
  expect([none, pixels, atPlaces]).toEqual([null, null, found.explanation!.atPlaces]);
  await keep(question, asked);
  await keep(result, { ...kept, explanation });
  expect(await look(id)).toEqual({
    ...found,
    explanation: { ...found.explanation, atPlaces: null },
  });
  // a result that cannot be read is none, and the next replaces it
  await pipeline.store.put(result, Buffer.from("{"), "application/json");
  expect(await look(id)).toMatchObject({ state: "failed", retryable: true });
  pipeline.clock.now = new Date(Date.now() + 60_000);
  expect((await ask()).state).toBe("pending");
  expect(await work(2)).toBe(0);
  expect((await look(id)).state).toBe("done");
  // the bucket's rule deletes object by object
  await pipeline.store.delete(result);
  expect((await ask()).state).toBe("pending");
  pipeline.clock.now = new Date(pipeline.clock.now.getTime() + 2 * 3_600_000);
  await ask();
  expect(pipeline.cpu.sent).toHaveLength(4);
});

test.each([
  [{ ...SNAIL, class: "zebu" }, "class: given 'zebu'; no class is called 'zebu' among 5"],
  [{ ...SNAIL, layer: "prob" }, "layer: given prob; 'classes', which has the classes"],
  [{ ...SNAIL, image: "uploads/text.png" }, "image: given 'uploads/text.png'; the 5 bytes given"],
])("what is wrong with the question is its result: %j", async (body, problem) => {
  await pipeline.store.put("uploads/text.png", Buffer.from("words"), "image/png");
  const { id } = await ask(body);
  expect(await work()).toBe(0);
  expect(await look(id)).toMatchObject({
    state: "failed",
    problems: [expect.stringContaining(problem)],
    retryable: false,
  });
  // it is the same however often it is asked
  expect((await ask(body)).state).toBe("failed");
  expect(pipeline.cpu.sent).toHaveLength(1);
});

test("what may pass is tried again, given up at the last attempt, and may be asked anew", async () => {
  explainer.failure = new Error("the session is lost");
  const { id } = await ask();
  expect(await work(0, MAX_ATTEMPTS - 1)).toBe(1);
  expect((await look(id)).state).toBe("pending");
  expect(await work(0, MAX_ATTEMPTS)).toBe(0);
  const lost = { state: "failed", problems: ["the session is lost"], retryable: true };
  expect(await look(id)).toMatchObject(lost);
  pipeline.clock.now = new Date(NOW.getTime() + 1_000);
  expect((await ask()).state).toBe("pending");
  // the first message, late, says nothing of the second
  expect(await work(0, MAX_ATTEMPTS)).toBe(0);
  pipeline.cpu.sent.shift();
  explainer.failure = null;
  expect(await work()).toBe(0);
  expect((await look(id)).state).toBe("done");
  // an image that is gone is waited for by nobody
  const other = await ask({ ...SNAIL, class: 3 });
  await pipeline.store.delete(SNAIL.image);
  expect(await work(1)).toBe(0);
  expect((await look(other.id)).problems).toEqual([
    "image 'uploads/photo.png' is not in the bucket any more; upload it again",
  ]);
});

test("a network's end without a gradient is a result as well", async () => {
  explainer.failure = new NetworkError("tiny: what it ends in cannot be explained");
  const { id } = await ask();
  expect(await work()).toBe(0);
  expect((await look(id)).problems).toEqual([explainer.failure.message]);
});

test("a dead letter fails the question that it was sent for last, and no answer", async () => {
  const handler = createDeadLetter({ ...pipeline.deps, log: silentLog });
  const { id } = await ask();
  const { body } = pipeline.cpu.sent[0]!;
  const unknown = JSON.stringify({ ...JSON.parse(body), id: "f".repeat(32) });
  const { batchItemFailures } = await handler(sqsEvent(body, unknown, "{}"));
  expect(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier)).toEqual(["m1", "m2"]);
  expect(await look(id)).toMatchObject({
    state: "failed",
    problems: [expect.stringMatching(/^no worker finished it in 30 deliveries/)],
  });
  // the message was on its way all the same
  expect(await work()).toBe(0);
  expect((await look(id)).state).toBe("done");
  await handler(sqsEvent(body));
  expect((await look(id)).state).toBe("done");
});

test("who knows channels alone leaves a question's message to others", async () => {
  await ask();
  expect(await renderMessages(deliveries(pipeline.cpu), pipeline.renderDeps())).toEqual(["m0"]);
  expect(pipeline.store.keys(EXPLANATION_PREFIX)).toHaveLength(2);
  // one that is gone, question and all, is done with
  for (const key of pipeline.store.keys(EXPLANATION_PREFIX)) await pipeline.store.delete(key);
  expect(await work()).toBe(0);
  expect(explainer.calls).toBe(0);
});

test("what is not there is refused before anything is asked", async () => {
  const problemsOf = async (body: object) => {
    const answer = await call("POST", "/explanations", { body });
    return [answer.status, (answer.body as Answer).problems];
  };
  expect(await problemsOf({ ...SNAIL, network: "tinny" })).toEqual([
    400,
    [expect.stringMatching(/^network: given 'tinny'.*'tiny'/)],
  ]);
  expect(await problemsOf({ ...SNAIL, image: "uploads/none.png" })).toEqual([
    400,
    [expect.stringContaining("there is no such object in the bucket; upload it first")],
  ]);
  expect(
    await problemsOf({
      network: "tiny",
      image: "models/tiny/network.json",
      class: 1.5,
      layer: 0,
      pixels: { steps: 257 },
    }),
  ).toEqual([
    400,
    [
      expect.stringMatching(/^image: given .*; wanted the key of a PNG, JPEG or WebP/),
      "class: given 1.5; wanted a class's name, or its 1-based index",
      "layer: given 0; wanted at least 1",
      "pixels.steps: given 257; wanted at most 256",
    ],
  ]);
  expect((await call("GET", `/explanations/${"0".repeat(32)}`)).status).toBe(404);
  expect((await call("GET", "/explanations/snail")).status).toBe(400);
  expect(pipeline.store.keys(EXPLANATION_PREFIX)).toEqual([]);
  expect(pipeline.cpu.sent).toEqual([]);
});

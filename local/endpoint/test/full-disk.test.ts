import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";

import { GetObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from "vitest";

import { CREDENTIALS } from "../src/account.ts";
import { ManualClock } from "../src/clock.ts";
import type { MessageRecord } from "../src/sqs/message.ts";
import { Queue } from "../src/sqs/queue.ts";
import { QueueJournal } from "../src/sqs/queue-journal.ts";
import { newFolder, s3At } from "./support/target.ts";

/** A journal on a disk that is full now and then. */
class FullJournal extends QueueJournal {
  isFull = false;

  override append(): void {
    if (this.isFull) throw new Error("ENOSPC: no space left on device, write");
  }
}

const DEAD_ARN = "arn:aws:sqs:us-east-1:000000000000:dead";
const draft = { body: "x", attributes: {}, delaySeconds: null, groupId: null, traceHeader: null };

let folder: string;
let clock: ManualClock;
let journal: FullJournal;
let moved: MessageRecord[];

beforeEach(async () => {
  folder = await newFolder();
  clock = new ManualClock(0);
  journal = new FullJournal(join(folder, "work.jsonl"));
  moved = [];
  vi.spyOn(console, "error").mockImplementation(() => undefined);
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

function openQueue(): Queue {
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: DEAD_ARN, maxReceiveCount: 1 });
  return new Queue(
    { createdMs: 0, attributes: { RedrivePolicy }, messages: new Map() },
    {
      arn: "arn:aws:sqs:us-east-1:000000000000:work",
      clock,
      journal,
      moveTo: (_, message) => {
        journal.append();
        moved.push(message);
        return true;
      },
      fateOf: () => ({ kind: "delivered" }),
    },
  );
}

test("a message whose time could not be changed comes back at its old time", () => {
  const queue = openQueue();
  queue.setAttributes({ RedrivePolicy: "" });
  queue.send(draft);
  const [delivery] = queue.receive(1, 30);
  journal.isFull = true;
  expect(() => queue.changeVisibility(delivery!.receipt, 60)).toThrow("ENOSPC");
  expect(() => queue.delete(delivery!.receipt)).toThrow("ENOSPC");
  journal.isFull = false;
  clock.advance(29_000);
  expect(queue.receive(1, 30)).toEqual([]);
  clock.advance(1_000);
  expect(queue.receive(1, 30)).toHaveLength(1);
});

test("dead letters that could not be moved are moved later, and keep no others back", () => {
  const queue = openQueue();
  queue.send(draft);
  queue.send(draft);
  expect(queue.receive(2, 30)).toHaveLength(2);
  journal.isFull = true;
  // a timer moves them: nobody is there to catch
  clock.advance(30_000);
  expect(queue.counters()).toMatchObject({ visible: 2, inFlight: 0, deadLettered: 0 });
  journal.isFull = false;
  expect(queue.receive(2, 30)).toEqual([]);
  expect(moved).toHaveLength(2);
  expect(queue.counters()).toMatchObject({ visible: 0, inFlight: 0, deadLettered: 2 });
});

/** An endpoint whose files may have 2 MiB. */
async function startCramped(): Promise<string> {
  const script = join(import.meta.dirname, "fixtures/serve.ts");
  const command = `ulimit -f 2048; exec "${process.execPath}" --import tsx "${script}" "${folder}"`;
  const child = spawn("bash", ["-c", command], { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  const [line] = (await once(child.stdout, "data")) as [Buffer];
  return line.toString().trim();
}

test.skipIf(process.platform === "win32")(
  "an object that finds no room is refused in a line a person understands, and leaves nothing",
  async () => {
    const s3 = s3At(await startCramped(), { credentials: CREDENTIALS });
    const put = (Key: string, bytes: number) =>
      s3.send(new PutObjectCommand({ Bucket: "dreamgrid", Key, Body: Buffer.alloc(bytes) }));
    const refused = await put("large", 3_000_000).catch((error: unknown) => error);
    expect(refused).toMatchObject({
      name: "InsufficientStorage",
      message: expect.stringContaining("there is no room left for the data folder (EFBIG)"),
    });
    expect(readdirSync(join(folder, ".endpoint/staging"))).toEqual([]);
    const reading = s3.send(new GetObjectCommand({ Bucket: "dreamgrid", Key: "large" }));
    await expect(reading).rejects.toMatchObject({ name: "NoSuchKey" });
    await put("small", 1_000_000);
  },
);

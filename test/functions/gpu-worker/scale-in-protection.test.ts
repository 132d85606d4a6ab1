import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { ecsScaleInProtection } from "../../../functions/gpu-worker/scale-in-protection.ts";

let agent: Server;
let asked: string[];
let reply: { status: number; body: string };

beforeEach(async () => {
  // the agent here answers always, however late
  vi.spyOn(AbortSignal, "timeout").mockReturnValue(new AbortController().signal);
  asked = [];
  reply = { status: 200, body: '{"protection":{"ProtectionEnabled":true}}' };
  agent = createServer((request, response) => {
    let text = "";
    request.on("data", (chunk) => (text += String(chunk)));
    request.on("end", () => {
      asked.push(`${request.method} ${request.url} ${text}`);
      response.writeHead(reply.status, { "Content-Type": "application/json" }).end(reply.body);
    });
  });
  await new Promise<void>((resolve) => {
    agent.listen(0, "127.0.0.1", resolve);
  });
});

afterEach(() => {
  vi.restoreAllMocks();
  agent.close();
});

const agentUri = () => `http://127.0.0.1:${(agent.address() as AddressInfo).port}/api/id`;

test("is asked for when work begins and ends, not in between", async () => {
  const errors: unknown[] = [];
  const protection = ecsScaleInProtection(agentUri(), (error) => void errors.push(error));
  for (const state of ["idle", "working", "working", "idle", "idle"] as const) {
    await protection.set(state);
  }
  expect(asked).toEqual([
    'PUT /api/id/task-protection/v1/state {"ProtectionEnabled":true,"ExpiresInMinutes":120}',
    'PUT /api/id/task-protection/v1/state {"ProtectionEnabled":false}',
  ]);
  expect(errors).toEqual([]);
});

test("work without a pause stays protected: renewed before the two hours end, and no sooner", async () => {
  let minutes = 0;
  const protection = ecsScaleInProtection(
    agentUri(),
    (error) => {
      throw error;
    },
    () => minutes * 60_000,
  );
  const askedAt: number[] = [];
  for (; minutes <= 150; minutes += 10) {
    const before = asked.length;
    await protection.set("working");
    if (asked.length > before) askedAt.push(minutes);
  }
  expect(askedAt).toEqual([0, 60, 120]);
});

test.each([
  { status: 400, body: '{"error":{"Code":"InvalidParameterException"}}' },
  // the agent's word for a task that ECS will not protect
  { status: 200, body: '{"failure":{"Reason":"TASK_NOT_VALID"}}' },
])("a refusal ($status) is told, and asked again next time", async (refusal) => {
  const errors: unknown[] = [];
  const protection = ecsScaleInProtection(agentUri(), (error) => void errors.push(String(error)));
  reply = refusal;
  await protection.set("working");
  expect(errors).toEqual([expect.stringContaining(refusal.body)]);
  await protection.set("working");
  expect(asked).toHaveLength(2);
});

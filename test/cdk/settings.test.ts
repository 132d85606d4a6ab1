import { App } from "aws-cdk-lib";
import { expect, test } from "vitest";

import { readSettings } from "../../cdk/settings.ts";
import { JOB_DEADLINE_SECONDS, RECONCILE_SECONDS } from "../../lib/pipeline/limits.ts";

const settingsOf = (context: Readonly<Record<string, string>>) =>
  readSettings(new App({ context }).node);

test("without settings the CPU renders, and callers sign", () => {
  expect(settingsOf({})).toEqual({
    gpu: "none",
    gpuCapacity: "spot",
    gpuMaxTasks: 4,
    workerMemory: 3_008,
    workerConcurrency: 50,
    workerThreads: 1,
    auth: "iam",
    requestsPerSecond: 10,
    retentionDays: 30,
    alarmEmail: null,
  });
});

test("a worker has a thread for each vCPU that its memory buys, unless told otherwise", () => {
  expect(settingsOf({ workerMemory: "10240" }).workerThreads).toBe(5);
  expect(settingsOf({ workerMemory: "10240", workerThreads: "6" }).workerThreads).toBe(6);
});

test("every bad setting is named, with what was given", () => {
  expect(() => settingsOf({ gpu: "yes", workerMemory: "128", alarmEmail: "nobody" })).toThrow(
    /gpu=yes: .*"none"\|"managed"\|"asg".*workerMemory=128: .*1769.*alarmEmail=nobody: /s,
  );
});

test("a job's plan is kept until after the job's deadline", () => {
  const shortest = 2;
  expect(settingsOf({ retentionDays: String(shortest) }).retentionDays).toBe(shortest);
  expect(() => settingsOf({ retentionDays: String(shortest - 1) })).toThrow(/retentionDays=1: /);
  // S3 may delete at the midnight after the last day; reconciliation is late by its own period
  const lateSeconds = JOB_DEADLINE_SECONDS + RECONCILE_SECONDS;
  expect(shortest * 86_400).toBeGreaterThan(lateSeconds);
  expect((shortest - 1) * 86_400).toBeLessThan(lateSeconds);
});

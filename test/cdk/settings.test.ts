import { expect, test } from "vitest";

import { stackName } from "../../cdk/pipeline-stack.ts";
import { parseSettings } from "../../cdk/settings.ts";
import { MAX_JOB_SECONDS, RECONCILE_SECONDS } from "../../lib/pipeline/limits.ts";

test("without settings the CPU renders, and callers sign", () => {
  expect(parseSettings({})).toEqual({
    gpu: "none",
    gpuCapacity: "spot",
    gpuMaxTasks: 4,
    workerMemory: 3_008,
    workerConcurrency: 3,
    workerThreads: 2,
    auth: "iam",
    requestsPerSecond: 10,
    retentionDays: 30,
    alarmEmail: null,
    stage: null,
    cudaImage: null,
    tags: {},
    monthlyBudget: null,
    permissionsBoundary: null,
    kmsKey: null,
  });
});

test("a worker has a thread for each vCPU or part of one that its memory buys, unless told otherwise", () => {
  expect(parseSettings({ workerMemory: "1769" }).workerThreads).toBe(1);
  expect(parseSettings({ workerMemory: "10240" }).workerThreads).toBe(6);
  expect(parseSettings({ workerMemory: "10240", workerThreads: "5" }).workerThreads).toBe(5);
});

test("every bad setting is named, with what was given", () => {
  expect(() => parseSettings({ gpu: "yes", workerMemory: "128", alarmEmail: "nobody" })).toThrow(
    /gpu=yes: .*"none"\|"batch".*workerMemory=128: .*1769.*alarmEmail=nobody: /s,
  );
});

test("a misspelt setting is named, and what is no setting is let alone", () => {
  expect(() => parseSettings({ alarmMail: "me@example.org", "worker-memory": "3008" })).toThrow(
    /^context: alarmMail: there is no such setting; did you mean 'alarmEmail'\?; worker-memory: .*'workerMemory'/,
  );
  const others = { "cli-telemetry": "false", "@aws-cdk/core:stages": "1", owner: "me" };
  expect(parseSettings(others)).toEqual(parseSettings({}));
});

test("a job's plan is kept until after the job's deadline", () => {
  const shortest = 13;
  expect(parseSettings({ retentionDays: String(shortest) }).retentionDays).toBe(shortest);
  expect(() => parseSettings({ retentionDays: String(shortest - 1) })).toThrow(
    /retentionDays=12: /,
  );
  // S3 may delete at the midnight after the last day; reconciliation is late by its own period
  const lateSeconds = MAX_JOB_SECONDS + RECONCILE_SECONDS;
  expect(shortest * 86_400).toBeGreaterThan(lateSeconds);
  expect((shortest - 1) * 86_400).toBeLessThan(lateSeconds);
});

test("a stage, tags, a boundary and a key are names and ARNs", () => {
  const boundary = "arn:aws:iam::123456789012:policy/bounded";
  const kmsKey = "arn:aws:kms:us-east-1:123456789012:key/1b2c3d4e-0000-4000-8000-123456789012";
  const context = {
    stage: "dev-2",
    tags: "team=art,cost=7",
    permissionsBoundary: boundary,
    kmsKey,
  };
  const settings = parseSettings(context);
  expect(settings).toMatchObject({ permissionsBoundary: boundary, kmsKey });
  expect(settings.tags).toEqual({ team: "art", cost: "7" });
  expect([stackName(settings), stackName(parseSettings({}))]).toEqual([
    "Dreamgrid-dev-2",
    "Dreamgrid",
  ]);
  for (const bad of [
    { stage: "Dev" },
    { cudaImage: "nvidia/cuda:13.0.2-cudnn-runtime-ubuntu24.04" },
    { cudaImage: "nvidia/cuda@sha256:12ab" },
    { tags: "team" },
    { kmsKey: "1b2c" },
    { monthlyBudget: "5" },
  ]) {
    expect(() => parseSettings(bad)).toThrow(`${Object.keys(bad)[0]}=`);
  }
});

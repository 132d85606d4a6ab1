import type { Node } from "constructs";
import { z } from "zod";

/** Lambda gives one vCPU for each so many megabytes of memory. */
const MB_PER_VCPU = 1_769;

const wholeNumber = (min: number, max: number) => z.coerce.number().int().min(min).max(max);

const settingsSchema = z.object({
  gpu: z.enum(["none", "managed", "asg"]).default("none"),
  gpuCapacity: z.enum(["spot", "on-demand"]).default("spot"),
  gpuMaxTasks: wholeNumber(1, 100).default(4),
  // new accounts are capped at 3,008 MB
  workerMemory: wholeNumber(MB_PER_VCPU, 10_240).default(3_008),
  workerConcurrency: wholeNumber(2, 1_000).default(50),
  workerThreads: wholeNumber(1, 6).optional(),
  auth: z.enum(["iam", "api-key"]).default("iam"),
  requestsPerSecond: wholeNumber(1, 10_000).default(10),
  // a job may take a day, and is ended by what its plan says
  retentionDays: wholeNumber(2, 3_650).default(30),
  alarmEmail: z.email().optional(),
});

/** What `cdk deploy -c name=value` can choose; cdk/README.md explains each. */
export interface PipelineSettings {
  readonly gpu: "none" | "managed" | "asg";
  readonly gpuCapacity: "spot" | "on-demand";
  readonly gpuMaxTasks: number;
  /** MB. */
  readonly workerMemory: number;
  readonly workerConcurrency: number;
  /** Images a CPU worker renders at a time. */
  readonly workerThreads: number;
  readonly auth: "iam" | "api-key";
  readonly requestsPerSecond: number;
  /** How long requests, uploads and jobs are kept. */
  readonly retentionDays: number;
  readonly alarmEmail: string | null;
}

/**
 * Reads the settings from the context.
 *
 * @throws Error naming every setting with a bad value
 */
export function readSettings(node: Node): PipelineSettings {
  const names = Object.keys(settingsSchema.shape);
  const given = Object.fromEntries(
    names.map((name) => [name, node.tryGetContext(name) as unknown]),
  );
  const parsed = settingsSchema.safeParse(given);
  if (!parsed.success) {
    const problems = parsed.error.issues.map(
      ({ path, message }) => `${path.join(".")}=${String(given[String(path[0])])}: ${message}`,
    );
    throw new Error(
      `context: ${problems.join("; ")}; cdk/README.md lists the settings and their values`,
    );
  }
  const { alarmEmail = null, workerThreads, ...rest } = parsed.data;
  return {
    ...rest,
    alarmEmail,
    workerThreads: workerThreads ?? Math.floor(rest.workerMemory / MB_PER_VCPU),
  };
}

import * as z from "zod";

import { didYouMean } from "../lib/networks/did-you-mean.ts";
import { MAX_JOB_SECONDS } from "../lib/pipeline/limits.ts";
import { MB_PER_VCPU } from "../lib/pipeline/rates.ts";

/** The most memory that functions of a new account may have, in MB. */
export const NEW_ACCOUNT_MEMORY_MB = 3_008;

/** A GPU worker has an instance for itself, one of constructs/gpu-fleet.ts. */
export const VCPUS_OF_GPU_INSTANCE = 4;

const wholeNumber = (min: number, max: number) => z.coerce.number().int().min(min).max(max);

const arn = (service: string, resource: string) =>
  z.string().regex(new RegExp(`^arn:aws[a-z-]*:${service}:[a-z0-9-]*:\\d{12}:${resource}\\S+$`), {
    error: `want an ARN arn:aws:${service}:...:${resource}...`,
  });

const contextSchema = z.object({
  gpu: z.enum(["none", "batch"]).default("none"),
  gpuCapacity: z.enum(["spot", "on-demand"]).default("spot"),
  gpuMaxTasks: wholeNumber(1, 100).default(4),
  workerMemory: wholeNumber(MB_PER_VCPU, 10_240).default(NEW_ACCOUNT_MEMORY_MB),
  /** With the other functions' (functions/delivery.ts) the 10 that a new account has. */
  workerConcurrency: wholeNumber(2, 1_000).default(3),
  /** Images a CPU worker renders at a time; one per vCPU or part of one, if it is not said. */
  workerThreads: wholeNumber(1, 6).optional(),
  auth: z.enum(["iam", "api-key"]).default("iam"),
  requestsPerSecond: wholeNumber(1, 10_000).default(10),
  /** How long requests, uploads and jobs are kept: a day longer than a job may take, at least. */
  retentionDays: wholeNumber(MAX_JOB_SECONDS / 86_400 + 1, 3_650).default(30),
  alarmEmail: z.email().nullable().default(null),
  /** Of several stacks in one account and region; `null`: the only one. */
  stage: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,19}$/, { error: "want 1 to 20 of a-z, 0-9 and -, a letter first" })
    .nullable()
    .default(null),
  /** `name=value,name=value` */
  tags: z
    .string()
    .regex(/^[^=,]+=[^=,]*(,[^=,]+=[^=,]*)*$/, { error: "want name=value,name=value" })
    .nullable()
    .default(null),
  /** US dollars a month, of the whole account. */
  monthlyBudget: z.coerce.number().positive().nullable().default(null),
  /** Of a managed policy that bounds every role. */
  permissionsBoundary: arn("iam", "policy/").nullable().default(null),
  /** The GPU image's base, by its digest; `null`: the tag that its Dockerfile names. */
  cudaImage: z
    .string()
    .regex(/^[a-z0-9][a-z0-9._/:-]*@sha256:[0-9a-f]{64}$/, {
      error: "want an image by its digest, name@sha256:<64 hex digits>",
    })
    .nullable()
    .default(null),
  /** Encrypts the job bucket's objects. */
  kmsKey: arn("kms", "key/").nullable().default(null),
});

const settingsSchema = contextSchema
  .refine(({ monthlyBudget, alarmEmail }) => monthlyBudget === null || alarmEmail !== null, {
    path: ["monthlyBudget"],
    error: "want alarmEmail too, to which its alarm goes",
  })
  .transform(({ tags, ...context }) => ({
    ...context,
    // rounded up: a part of a vCPU that no thread uses is paid all the same
    workerThreads: context.workerThreads ?? Math.ceil(context.workerMemory / MB_PER_VCPU),
    tags: Object.fromEntries(
      (tags?.split(",") ?? []).map((tag) => tag.split("=") as [string, string]),
    ),
  }));

export const SETTING_NAMES: readonly string[] = Object.keys(contextSchema.shape);

/** What `cdk deploy -c name=value` can choose; cdk/README.md explains each. */
export type PipelineSettings = Readonly<z.output<typeof settingsSchema>>;

/** What was given with `-c` cannot be; the message is for the one who gave it. */
export class SettingsError extends Error {
  override readonly name = "SettingsError";
}

/**
 * The settings that are given, and the defaults of the others. What else is in a context, of CDK or
 * of others, is left out, unless it looks like a setting.
 *
 * @throws SettingsError naming every setting with a bad value, and every misspelt one
 */
export function parseSettings(given: Readonly<Record<string, unknown>>): PipelineSettings {
  const parsed = settingsSchema.safeParse(given);
  const misspelt = misspeltIn(given);
  if (parsed.success && misspelt.length === 0) return parsed.data;
  const wrong = (parsed.error?.issues ?? []).map(
    ({ path, message }) => `${path.join(".")}=${String(given[String(path[0])])}: ${message}`,
  );
  const problems = [...wrong, ...misspelt];
  throw new SettingsError(
    `context: ${problems.join("; ")}; cdk/README.md lists the settings and their values`,
  );
}

/** Names of CDK's own facts. */
const OF_CDK = /[@:/]/;

function misspeltIn(given: Readonly<Record<string, unknown>>): readonly string[] {
  const others = Object.keys(given).filter(
    (name) => !SETTING_NAMES.includes(name) && !OF_CDK.test(name),
  );
  return others.flatMap((name) => {
    const hint = didYouMean(name, SETTING_NAMES);
    return hint === "" ? [] : [`${name}: there is no such setting; ${hint}`];
  });
}

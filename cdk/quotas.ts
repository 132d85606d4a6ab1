import { GetAccountSettingsCommand, type LambdaClient } from "@aws-sdk/client-lambda";
import {
  GetAWSDefaultServiceQuotaCommand,
  GetServiceQuotaCommand,
  NoSuchResourceException,
  type ServiceQuotasClient,
} from "@aws-sdk/client-service-quotas";

import { EVENT_SOURCES } from "../functions/delivery.ts";
import { NEW_ACCOUNT_MEMORY_MB, type PipelineSettings, VCPUS_OF_GPU_INSTANCE } from "./settings.ts";

/** Service Quotas' codes of "All G and VT Spot Instance Requests" and its on-demand counterpart. */
const GPU_VCPU_CODES = { spot: "L-3819A6DF", "on-demand": "L-DB2E81BA" } as const;
/** One call of the API at a time. */
const API_CONCURRENCY = 1;
/** The least that an event source takes. */
const LEAST_CONCURRENCY = 2;

/** What an account allows in one region. */
export interface AccountQuotas {
  /** Lambda calls at a time, of all functions. */
  readonly concurrency: number;
  /** Those of them that are not reserved for other functions. */
  readonly unreserved: number;
  /** vCPUs of GPU instances; `null` where no GPU workers are asked for. */
  readonly gpuVcpus: number | null;
}

export interface Finding {
  /** `wrong`: the stack as it is set would not work. */
  readonly state: "right" | "advice" | "wrong";
  readonly text: string;
}

type StackSettings = Pick<
  PipelineSettings,
  "gpu" | "gpuCapacity" | "gpuMaxTasks" | "workerConcurrency" | "workerMemory"
>;

/**
 * Asks AWS what the account allows.
 *
 * @throws Error of the service where the credentials do not allow `lambda:GetAccountSettings`,
 *   `servicequotas:GetServiceQuota` and `servicequotas:GetAWSDefaultServiceQuota`
 */
export async function readQuotas(
  clients: { readonly lambda: LambdaClient; readonly quotas: ServiceQuotasClient },
  { gpu, gpuCapacity }: Pick<PipelineSettings, "gpu" | "gpuCapacity">,
): Promise<AccountQuotas> {
  const { AccountLimit } = await clients.lambda.send(new GetAccountSettingsCommand({}));
  const concurrency = AccountLimit?.ConcurrentExecutions;
  if (concurrency === undefined) throw new Error("Lambda did not tell the account's concurrency");
  return {
    concurrency,
    unreserved: AccountLimit?.UnreservedConcurrentExecutions ?? concurrency,
    gpuVcpus: gpu === "none" ? null : await ec2Quota(clients.quotas, GPU_VCPU_CODES[gpuCapacity]),
  };
}

async function ec2Quota(client: ServiceQuotasClient, QuotaCode: string): Promise<number> {
  const wanted = { ServiceCode: "ec2", QuotaCode };
  const { Quota } = await client.send(new GetServiceQuotaCommand(wanted)).catch((error) => {
    // the account has no value of its own
    if (!(error instanceof NoSuchResourceException)) throw error;
    return client.send(new GetAWSDefaultServiceQuotaCommand(wanted));
  });
  if (Quota?.Value === undefined) throw new Error(`Service Quotas did not tell ec2 ${QuotaCode}`);
  return Quota.Value;
}

/** Whether a stack of these settings works in such an account, and what to set where not. */
export function checkQuotas(settings: StackSettings, quotas: AccountQuotas): readonly Finding[] {
  return [
    concurrencyFinding(settings, quotas),
    memoryFinding(settings),
    ...(quotas.gpuVcpus === null ? [] : [gpuFinding(settings, quotas.gpuVcpus)]),
  ];
}

/** Calls at a time that the functions besides the worker make, at most. */
function otherConcurrency(gpu: PipelineSettings["gpu"]): number {
  const { intake, assembler, "dead-letter": deadLetter } = EVENT_SOURCES;
  const deadLetterSources = gpu === "none" ? [deadLetter] : [deadLetter, deadLetter];
  const sources = [intake, assembler, ...deadLetterSources];
  return sources.reduce((sum, { maxConcurrency }) => sum + maxConcurrency, API_CONCURRENCY);
}

function concurrencyFinding(
  { gpu, workerConcurrency }: StackSettings,
  { concurrency, unreserved }: AccountQuotas,
): Finding {
  const others = otherConcurrency(gpu);
  const wanted = workerConcurrency + others;
  const most = Math.min(1_000, unreserved - others);
  const told = `Lambda concurrency: the account has ${concurrency}, of them ${unreserved} for functions without a reservation; the stack takes up to ${wanted} (${workerConcurrency} workers and ${others} others)`;
  if (wanted <= unreserved) {
    return most > workerConcurrency
      ? { state: "advice", text: `${told}; up to -c workerConcurrency=${most} would fit` }
      : { state: "right", text: told };
  }
  const quota = `ask for ${wanted} under Service Quotas`;
  if (most < LEAST_CONCURRENCY) {
    return { state: "wrong", text: `${told}; ${quota}` };
  }
  return { state: "wrong", text: `${told}; deploy with -c workerConcurrency=${most}, or ${quota}` };
}

/** Neither Lambda nor Service Quotas tells what memory a function may have. */
function memoryFinding({ workerMemory }: StackSettings): Finding {
  const told = `Lambda memory: workers have ${workerMemory} MB`;
  return workerMemory <= NEW_ACCOUNT_MEMORY_MB
    ? { state: "right", text: `${told}, which every account allows` }
    : {
        state: "advice",
        text: `${told}; no API tells whether the account allows more than ${NEW_ACCOUNT_MEMORY_MB}: if the deployment is refused, ask AWS support, or deploy with -c workerMemory=${NEW_ACCOUNT_MEMORY_MB}`,
      };
}

function gpuFinding({ gpuCapacity, gpuMaxTasks }: StackSettings, gpuVcpus: number): Finding {
  const wanted = VCPUS_OF_GPU_INSTANCE * gpuMaxTasks;
  const told = `EC2 ${gpuCapacity} vCPUs of G and VT instances: the account has ${gpuVcpus}; ${gpuMaxTasks} workers take up to ${wanted}`;
  if (wanted <= gpuVcpus) return { state: "right", text: told };
  const most = Math.floor(gpuVcpus / VCPUS_OF_GPU_INSTANCE);
  const quota = `ask for ${wanted} under Service Quotas (ec2 ${GPU_VCPU_CODES[gpuCapacity]})`;
  return {
    state: "wrong",
    text:
      most === 0
        ? `${told}, and none would start; ${quota}, or deploy with -c gpu=none`
        : `${told}; deploy with -c gpuMaxTasks=${most}, or ${quota}`,
  };
}

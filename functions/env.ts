import { slowdownOf } from "../lib/pipeline/rates.ts";

/** The value of an environment variable. @throws Error naming it if it is not set */
export function requireEnv(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`environment variable ${name} is not set; the stack sets it`);
  return value;
}

/** `null` if it is not set, or empty. */
export function optionalEnv(name: string): string | null {
  return process.env[name] || null;
}

/** How many images a CPU worker renders at a time; without WORKER_THREADS, one a core. */
export function threadsFromEnv(): number | undefined {
  return optionalEnv("WORKER_THREADS") === null ? undefined : requireCount("WORKER_THREADS");
}

/** A variable that is a whole number from 1. @throws Error naming one that is not, or not set */
export function requireCount(name: string): number {
  const text = requireEnv(name);
  const count = Number(text);
  if (Number.isSafeInteger(count) && count > 0) return count;
  throw new Error(`environment variable ${name} is '${text}'; wanted a whole number from 1`);
}

/** How much longer work takes than on cores of its own, on Lambda's share of them. */
export function slowdownFromEnv(): number {
  // Lambda sets it
  const memory = Number(optionalEnv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE"));
  return memory > 0 ? slowdownOf(threadsFromEnv() ?? 1, memory) : 1;
}

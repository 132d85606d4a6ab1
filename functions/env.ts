import { tmpdir } from "node:os";
import { join } from "node:path";

/** @throws Error naming the missing variable */
export function requireEnv(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`environment variable ${name} is not set; the stack sets it`);
  return value;
}

/** `null` if it is not set, or empty. */
export function optionalEnv(name: string): string | null {
  return process.env[name] || null;
}

/** Where model files are kept between invocations. */
export function modelCacheFolder(): string {
  return optionalEnv("MODEL_CACHE_DIR") ?? join(tmpdir(), "dreamgrid-models");
}

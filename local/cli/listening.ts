import { UsageError } from "./user-errors.ts";

/** Resolves at the first SIGINT or SIGTERM; a second one ends the process the hard way. */
export function interruption(): Promise<void> {
  return new Promise((resolve) => {
    for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => resolve());
  });
}

/**
 * Why a server could not listen, as the user's to mend where that is so.
 *
 * @param remedy what else to do than to stop whoever has the port
 */
export function portProblem(error: unknown, remedy: string): unknown {
  const { code, port } = error as { readonly code?: unknown; readonly port?: unknown };
  if ((code !== "EADDRINUSE" && code !== "EACCES") || typeof port !== "number") return error;
  const problem = code === "EACCES" ? "may not be used by you" : "is in use";
  return new UsageError(`port ${port} ${problem}; stop what uses it, or ${remedy}`);
}

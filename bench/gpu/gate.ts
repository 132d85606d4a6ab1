import { messageOf } from "../../lib/onnx/errors.ts";

export type GateVerdict =
  { readonly gate: "passed" | "not run" } | { readonly gate: "failed"; readonly reason: string };

/** @param check that workers pass before they start; `null` where there is nothing to check */
export async function runGate(check: (() => Promise<void>) | null): Promise<GateVerdict> {
  if (check === null) return { gate: "not run" };
  try {
    await check();
    return { gate: "passed" };
  } catch (error) {
    return { gate: "failed", reason: messageOf(error) };
  }
}

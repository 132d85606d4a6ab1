import { expect, test } from "vitest";

import { checkCard } from "../../../functions/gpu-worker/check-card.ts";
import { GpuUnavailableError } from "../../../lib/optvis/runtime/errors.ts";
import { GpuGate } from "../../../lib/optvis/runtime/gpu-gate.ts";

/** The gate of a machine whose driver does something else to its process. */
const gateOf = (behaviour: string, patienceSeconds = 600) =>
  new GpuGate({
    child: [new URL("../../optvis/runtime/fake-gate-child.mjs", import.meta.url), behaviour],
    providers: ["cuda"],
    leastSpeedup: 0,
    patienceSeconds,
  });

test("a card that computes what the CPU does passes, however slow it is", async () => {
  await expect(checkCard(gateOf("right"))).resolves.toBeUndefined();
  await expect(checkCard(gateOf("slow"))).resolves.toBeUndefined();
});

test.each([
  ["is not there", "without", 600, "CUDA is not available to ONNX Runtime here: no adapter"],
  ["ends its process", "crash", 600, "its driver ended its process (SIGSEGV)"],
  ["hangs", "hang", 0.01, "its driver has not answered in 0.01 s"],
])("a card whose driver %s does not", async (_, behaviour, patience, reason) => {
  const checking = checkCard(gateOf(behaviour, patience));
  await expect(checking).rejects.toThrow(GpuUnavailableError);
  await expect(checking).rejects.toThrow(reason);
});

import { expect, test } from "vitest";

import { cardBytes } from "../../../lib/optvis/runtime/card-memory.ts";
import { fakeNvidiaSmi, smiLines } from "../../support/fake-nvidia-smi.ts";

test("a card's memory is what nvidia-smi says", async () => {
  const answers = fakeNvidiaSmi();
  // without the program
  expect(await cardBytes("free")).toBeNull();
  answers(
    `case "$1" in *=memory.free,*) ${smiLines([" 3072"])};; *=memory.total,*) ${smiLines([4096])};; esac`,
  );
  expect(await cardBytes("free")).toBe(3_221_225_472);
  expect(await cardBytes("total")).toBe(4_294_967_296);
  // all of it is taken, which is not the same as not known
  answers(smiLines([0]));
  expect(await cardBytes("free")).toBe(0);
});

const A = { name: "A", uuid: "GPU-11aa" };
const B = { name: "B", uuid: "GPU-22bb" };
const SECOND_A = { ...A, uuid: "GPU-33cc" };

test.each([
  ["of two alike, the first", {}, [A, SECOND_A], 3],
  ["of two alike, the one that is shown", { CUDA_VISIBLE_DEVICES: "1" }, [A, SECOND_A], 7],
  ["of two, the one that is named", { CUDA_VISIBLE_DEVICES: "GPU-22bb, 0" }, [A, B], 7],
  ["of two, the one whose name begins so", { CUDA_VISIBLE_DEVICES: "GPU-22" }, [A, B], 7],
  ["of two unlike, the least of either", { CUDA_VISIBLE_DEVICES: "1" }, [A, B], 3],
  [
    "in the order of their slots, the one that is shown",
    { CUDA_VISIBLE_DEVICES: "1,0", CUDA_DEVICE_ORDER: "PCI_BUS_ID" },
    [A, B],
    7,
  ],
  ["none where none is shown", { CUDA_VISIBLE_DEVICES: "" }, [A], null],
  ["none where none is shown, in other words", { CUDA_VISIBLE_DEVICES: "-1" }, [A], null],
  ["none where there are not so many", { CUDA_VISIBLE_DEVICES: "2" }, [A, SECOND_A], null],
  ["none of another machine's name", { CUDA_VISIBLE_DEVICES: "GPU-99" }, [A, B], null],
  ["not told of a slice", { CUDA_VISIBLE_DEVICES: "MIG-4b7c" }, [A], null],
])("%s", async (_, env, cards, gibibytes) => {
  fakeNvidiaSmi()(smiLines([3072, 7168].slice(0, cards.length), cards));
  expect(await cardBytes("free", { env })).toBe(gibibytes && gibibytes * 2 ** 30);
});

test.each([
  ["a share of a card", smiLines(["[N/A]"])],
  ["a card that is cut into slices", smiLines([81920], [{ ...A, mig: "Enabled" }])],
  ["the one card of two", smiLines(["[N/A]", 4096])],
  ["no card", "echo 'No devices were found'"],
  ["nothing at all", ":"],
  ["a driver that fails after an answer", `${smiLines([81920])}; exit 9`],
])("%s does not tell", async (_, shell) => {
  fakeNvidiaSmi()(shell);
  expect(await cardBytes("total", { env: {} })).toBeNull();
});

test("a program that hangs, and cannot be asked to end, does not tell", async () => {
  fakeNvidiaSmi()("trap '' TERM; while :; do :; done");
  expect(await cardBytes("total", { patienceMs: 50 })).toBeNull();
});

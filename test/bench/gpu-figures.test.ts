import { expect, test } from "vitest";

import { type Comparison, comparisonTable, ratioOf } from "../../bench/gpu/comparison.ts";
import { goalLines } from "../../bench/gpu/goals.ts";
import { type ProfileEvent, profileSummary } from "../../bench/gpu/profile.ts";
import { isRecognisable, recipeTable } from "../../bench/gpu/recognisable.ts";
import { MARKS } from "../../lib/optvis/quality/card.ts";

const NONE = { eager: null, graph: null, notes: ["PyTorch: not there"] };
const row = (title: string, ours: number, times: Partial<Comparison> = NONE): Comparison => ({
  title,
  unit: "ms a step",
  ours,
  eager: null,
  graph: null,
  notes: [],
  ...times,
});

test("the ratio is to PyTorch's fastest, and none without PyTorch", () => {
  expect(ratioOf(row("a", 3, { eager: 12, graph: 4 }))).toBe(0.75);
  expect(ratioOf(row("b", 3, { eager: 2, graph: 4 }))).toBe(1.5);
  expect(ratioOf(row("c", 3, { eager: 6 }))).toBe(0.5);
  expect(ratioOf(row("d", 3))).toBeNull();
});

test("the table has every time, and says once why there is none", () => {
  const lines = comparisonTable([
    row("a x36", 3.236, { eager: 10.7, graph: 2.99 }),
    row("b x6", 5386.6),
    row("c x6", 1),
  ]).split("\n");
  expect(lines).toHaveLength(6);
  expect(lines[2]).toMatch(/^a x36 +ms a step +3\.24 +10\.70 +2\.99 +1\.08$/);
  expect(lines[3]).toMatch(/^b x6 +ms a step +5386\.60$/);
  expect(lines[5]).toBe("- PyTorch: not there");
});

test("a goal is reached, missed or not measured", () => {
  const fast = row("a", 2.99, { graph: 2.99 });
  const slow = row("b", 5.98, { graph: 2.99 });
  const goals = (measured: Partial<Parameters<typeof goalLines>[0]>) =>
    goalLines({ steps: null, jobs: null, example: null, ...measured }).map((line) =>
      line.split(": ").slice(1).join(": "),
    );
  expect(goals({})).toEqual(["not measured", "not measured", "not measured"]);
  expect(goals({ steps: [fast], jobs: [row("job 4", 1)] })).toMatchObject(["yes", "yes", {}]);
  expect(goals({ steps: [fast, slow], jobs: [] })).toMatchObject([
    "no (b: 2.00 of its time)",
    "no",
    {},
  ]);
  // one shape without a graph leaves the question open
  expect(goals({ steps: [fast, row("c", 1)] })[0]).toBe("not measured");
  const example = (images: number, warmSeconds: number) =>
    goals({ example: { images, warmSeconds } })[2];
  expect(example(84, 3)).toBe("yes (3.00 s)");
  expect(example(84, 3.01)).toBe("no (3.01 s)");
  expect(example(8, 0.1)).toBe("not measured");
});

test("an image is recognisable if its own channel comes first and stays there", () => {
  expect(isRecognisable({ selective: true, marks: [] })).toBe(true);
  expect(isRecognisable({ selective: true, marks: ["noisy"] })).toBe(true);
  expect(isRecognisable({ selective: true, marks: [...MARKS] })).toBe(false);
  expect(isRecognisable({ selective: false, marks: [] })).toBe(false);
  expect(isRecognisable({ selective: null, marks: [] })).toBe(false);
});

test("recipes are told by the second", () => {
  const recipe = { title: "natural", images: 6, recognisable: 3, seconds: 1.5 };
  expect(recipeTable([recipe]).split("\n")[2]).toMatch(/^natural +6 +3 +4\.00 +2\.00$/);
});

test("a profile is told of its last run, and what is inside a loop counts once", () => {
  const node = (ts: number, op: string, provider: string, dur: number): ProfileEvent => ({
    cat: "Node",
    name: `${op}_kernel_time`,
    ts,
    dur,
    args: { op_name: op, provider },
  });
  const CUDA = "CUDAExecutionProvider";
  const CPU = "CPUExecutionProvider";
  const events: ProfileEvent[] = [
    { cat: "Session", name: "model_run", ts: 0, dur: 90 },
    node(10, "Conv", CUDA, 80_000),
    node(20, "Gather", CPU, 70_000),
    { cat: "Session", name: "model_run", ts: 100, dur: 90 },
    node(110, "Loop", CUDA, 4000),
    node(120, "Conv", CUDA, 2000),
    node(130, "Conv", CUDA, 1000),
    node(140, "Pad", CPU, 1000),
    { cat: "Node", name: "Conv_fence_before", ts: 150, dur: 9000, args: { op_name: "Conv" } },
  ];
  expect(profileSummary(events)).toEqual({
    providers: { [CUDA]: { kernels: 2, ms: 3 }, [CPU]: { kernels: 1, ms: 1 } },
    shares: { Conv: "75 %", Pad: "25 %" },
    onCpu: ["Pad"],
  });
});

import { deepdreamPlan } from "./deepdream.ts";
import { fourierPlan } from "./fourier.ts";
import type { AscentPlan } from "./stage.ts";
import type { AscentTask } from "./task.ts";

/** How the task's method carries it out. */
export function planOf(task: AscentTask): AscentPlan {
  return task.method === "deepdream" ? deepdreamPlan(task) : fourierPlan(task);
}

import type { Diversity } from "../graph/objective/diversity.ts";
import type { Among, Elsewhere } from "./target.ts";
import { objectiveOf, targetOf } from "./targets.ts";
import type { AscentTask } from "./task.ts";

/** Targets of a task that one graph serves. */
export interface TaskPart {
  readonly task: AscentTask;
  /**
   * Place in the whole task of each of the part's numbers; `null` for one that was not asked for.
   */
  readonly positions: readonly (number | null)[];
}

/**
 * The task in parts that one graph serves each. Images that are to differ come with all of their
 * group, since each depends on the others, whichever were asked for.
 */
export function taskParts(task: AscentTask): readonly TaskPart[] {
  const layer = { ...task.layer, value: task.raised ?? task.layer.value };
  if (!task.targets) return [{ task: { ...task, layer }, positions: [...task.channels.keys()] }];
  const parts = new Map<string, { numbers: Set<number>; part: AscentTask }>();
  for (const number of task.channels) {
    const { aim, among, elsewhere } = targetOf(task, number);
    const objective = objectiveOf(aim, task.objective);
    const diversity = among && diversityOf(among);
    // what a rectifier holds back is no part of what the layer sees, or of its directions
    const own = { layer: aim.kind === "channels" ? layer : task.layer };
    const key = JSON.stringify([objective, diversity, elsewhere?.layer.value]);
    const known = parts.get(key) ?? {
      numbers: new Set<number>(),
      part: lookingAt({ ...task, objective, diversity }, elsewhere ?? own),
    };
    const [first, images] = among ? [number - among.index, among.images] : [number, 1];
    for (let i = 0; i < images; i++) known.numbers.add(first + i);
    parts.set(key, known);
  }
  const positions = new Map(task.channels.map((number, position) => [number, position]));
  return [...parts.values()].map(({ numbers, part }) => {
    const channels = [...numbers];
    return {
      task: { ...part, channels },
      positions: channels.map((number) => positions.get(number) ?? null),
    };
  });
}

function lookingAt(task: AscentTask, { layer, levels }: Elsewhere): AscentTask {
  if (task.method === "fourier") return { ...task, layer };
  return { ...task, layer, levels: levels ?? task.levels };
}

/** What the images of a group have in common. */
function diversityOf(among: Among): Diversity {
  const { index: _, ...diversity } = among;
  return diversity;
}

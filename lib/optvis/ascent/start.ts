import { addToPlanes, copyOf, type Planes } from "../../image/raster.ts";
import { resizePlanes } from "../../image/resize.ts";
import { laterSeed, type RandomKey } from "../random.ts";
import type { NetworkModel } from "../graph/layer-pass.ts";
import type { Level } from "./plan-levels.ts";
import { startColour } from "./start-colour.ts";
import type { Beginning, NoiseSource } from "./state.ts";
import { targetOf } from "./targets.ts";
import type { DeepDreamTask } from "./task.ts";

/**
 * Where an image begins: noise of its own, a copy of the photograph, or one of the image given for
 * it.
 */
export async function startImage(
  task: DeepDreamTask,
  { channel, position, restarts }: Beginning,
  noise: NoiseSource,
): Promise<Planes> {
  const { start, levels } = task;
  if (start.kind === "given") return copyOf(start.images[position]!);
  if (start.kind === "photograph" && restarts === 0) return copyOf(start.image);
  const { size } = levels[0]!;
  const key = keyOfNoise(task, channel, laterSeed(start.seed, restarts));
  const count = task.network.scale.length * size.height * size.width;
  const fresh = { ...size, data: await noise.draw(count, key) };
  if (start.kind === "noise") return onStartColour(fresh, task.network);
  // a photograph without any gradient gets a grain of noise to start from
  return { ...start.image, data: start.image.data.map((pixel, i) => pixel + fresh.data[i]!) };
}

/**
 * An image at the size of the level it begins.
 *
 * Detail that the ascent added to a photograph is carried on top of the photograph itself, resized
 * afresh, as google/deepdream does: the photograph is then never blurred twice.
 */
export function levelStart(
  { start }: DeepDreamTask,
  image: Planes,
  { number, size }: Level,
): Planes {
  if (number === 1) return image;
  if (start.kind !== "photograph") return resizePlanes(image, size);
  const base = resizePlanes(start.image, image);
  const detail = image.data.map((pixel, i) => pixel - base.data[i]!);
  const resized = resizePlanes({ ...base, data: detail }, size);
  const nextBase = resizePlanes(start.image, size);
  return { ...nextBase, data: nextBase.data.map((pixel, i) => pixel + resized.data[i]!) };
}

/** What the noise of one channel is drawn by, N(0, 1) per value: the same whatever the batch. */
function keyOfNoise(task: DeepDreamTask, channel: number, seed: number): RandomKey {
  const { network, layer } = task;
  const { drawnAs } = targetOf(task, channel);
  // the 1 means nothing today: without it every seed would give another image than it ever did
  return ["noise", seed, network.fingerprint, layer.value, drawnAs, 1];
}

/** An image on the network's mid-grey, in place. */
export function onStartColour(image: Planes, network: Pick<NetworkModel, "mean">): Planes {
  return addToPlanes(image, startColour(network));
}

import type { Size } from "../../image/raster.ts";
import { resizeBilinear } from "../../image/resize.ts";
import type { Climber } from "./run-level.ts";
import type { DreamTask, Planes } from "./task.ts";
import { standardNormal, uniformFrom } from "../random.ts";

/** Where an image begins: noise of its own, the photograph, or the image given for it. */
export function startImage(
  task: DreamTask,
  { channel, position, restarts }: Pick<Climber, "channel" | "position" | "restarts">,
): Planes {
  const { start, levels } = task;
  if (start.kind === "given") return start.images[position]!;
  if (start.kind === "photograph" && restarts === 0) return start.image;
  const fresh = noise(task, { seed: start.seed + restarts, channel, size: levels[0]!.size });
  if (start.kind === "noise") return fresh;
  // a photograph without any gradient gets a grain of noise to start from
  return { ...start.image, data: start.image.data.map((pixel, i) => pixel + fresh.data[i]!) };
}

/**
 * Brings an image to the size of the level it is about to climb.
 *
 * Detail that the ascent added to a photograph is carried on top of the photograph itself, resized
 * afresh, as google/deepdream does: the photograph is then never blurred twice.
 */
export function nextLevelImage(
  { start, levels }: DreamTask,
  climber: Climber,
  level: number,
): void {
  if (level === 1) return;
  const { size } = levels[level - 1]!;
  if (start.kind !== "photograph") {
    climber.image = resizePlanes(climber.image, size);
    return;
  }
  const base = resizePlanes(start.image, climber.image);
  const detail = climber.image.data.map((pixel, i) => pixel - base.data[i]!);
  const resized = resizePlanes({ ...base, data: detail }, size);
  const nextBase = resizePlanes(start.image, size);
  climber.image = { ...size, data: nextBase.data.map((pixel, i) => pixel + resized.data[i]!) };
}

/** Noise of one channel: N(0, 1) per value, the same whatever the batch and the machine. */
function noise(
  { network, layer }: DreamTask,
  { seed, channel, size }: { readonly seed: number; readonly channel: number; readonly size: Size },
): Planes {
  const uniform = uniformFrom("noise", seed, network.fingerprint, layer.value, channel, 1);
  return { ...size, data: standardNormal(3 * size.height * size.width, uniform) };
}

function resizePlanes({ height, width, data }: Planes, size: Size): Planes {
  const to = { height: size.height, width: size.width };
  if (height === to.height && width === to.width) return { ...to, data };
  return { ...to, data: resizeBilinear(data, [3, height, width], to) };
}

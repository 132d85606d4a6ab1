import { setImmediate as nextTurn } from "node:timers/promises";

import type { Provider } from "../../autodiff/provider.ts";
import { planesIn } from "../../image/picture.ts";
import type { Planes, Raster, Size } from "../../image/raster.ts";
import { floatTensor, intScalar } from "../../onnx/tensor.ts";
import type { AscentEngine } from "../ascent/engine.ts";
import { floatOutput } from "../ascent/outputs.ts";
import { channelPlace } from "../ascent/task.ts";
import {
  imageShapeOf,
  type NetworkModel,
  planeKind,
  type TargetLayer,
} from "../graph/layer-pass.ts";
import { passGraph, type SessionGraph } from "../runtime/session-graph.ts";
import { shownPlanes, toNetworkPlanes } from "../ascent/network-planes.ts";
import { greysOf } from "../ascent/start-colour.ts";
import { type AffineChange, affineChanges, affineMap, UNCHANGED } from "./affine-changes.ts";
import { type QualityCard, qualityCard } from "./card.ts";
import { look } from "./look.ts";
import { type ChannelKind, sourceFigures } from "./source-figures.ts";
import { partOf, windowsOf } from "./windows.ts";

/** A layer of a network that looks at pictures. */
export interface Viewer {
  readonly network: NetworkModel;
  readonly layer: TargetLayer;
  readonly provider: Provider;
}

/** What a picture was drawn to excite. */
export interface Subject extends Viewer {
  /** 1-based; `null`: no channel of its own. */
  readonly channel: number | null;
  readonly kind: ChannelKind;
  /**
   * Of what the network looks at, px: one that it takes as far as the layer. A picture of another
   * shape is seen in several windows of it, and its activations are their mean.
   */
  readonly size: Size;
}

/**
 * A picture's quality card. The same for the same pixels on the CPU, whatever else runs.
 *
 * @param picture of any size; the network sees it resized (Lanczos-3)
 * @throws RuntimeError; GpuUnavailableError
 */
export async function examine(
  engine: AscentEngine,
  picture: Raster,
  subject: Subject,
): Promise<QualityCard> {
  const { planes } = subject.network;
  const looks = () => look(picture, planeKind(planes), planes.length);
  if (subject.channel === null) return qualityCard(looks(), "no channel");
  const { resizedTo, windows } = windowsOf(planeSizeOf(picture, subject.network), subject.size);
  const seen = await shownPlanes(picture, subject.network, resizedTo);
  const changes = affineChanges(subject.size);
  const [ofWindows, looked] = await Promise.all([
    Promise.all(
      windows.map((window) => channelMeans(engine, subject, partOf(seen, window), changes)),
    ),
    // once the worker has what it is to see: this thread has nothing else to do
    nextTurn().then(looks),
  ]);
  const [own, ...ofCopies] = meanOf(ofWindows);
  const place = channelPlace(subject.channel);
  return qualityCard(looked, sourceFigures(place, subject.kind, own!, ofCopies));
}

/** Of one of the planes that a picture shows. */
function planeSizeOf(picture: Raster, { planes }: NetworkModel): Size {
  const kind = planeKind(planes);
  return kind === "colours" ? picture : planesIn(picture, kind, planes.length);
}

/** Mean over windows of each view's activations. */
function meanOf(windows: readonly (readonly Float32Array[])[]): readonly Float32Array[] {
  const [first = [], ...others] = windows;
  if (others.length === 0) return first;
  return first.map((activations, view) =>
    activations.map(
      (value, c) => others.reduce((sum, window) => sum + window[view]![c]!, value) / windows.length,
    ),
  );
}

/**
 * Mean activation of each of the layer's channels in a picture, [C], and in each of its changed
 * copies: bilinear between its pixels, mid-grey outside.
 *
 * @param picture planes of 0..255, red, green and blue if they are colours
 * @throws RuntimeError; GpuUnavailableError
 */
export async function channelMeans(
  engine: AscentEngine,
  viewer: Viewer,
  picture: Planes,
  changes: readonly AffineChange[] = [],
): Promise<readonly Float32Array[]> {
  const { network } = viewer;
  const maps = [UNCHANGED, ...changes].map((change) => affineMap(change, picture));
  const feeds = {
    image: floatTensor(
      imageShapeOf(network.model, 1, picture),
      toNetworkPlanes(picture, network).data,
    ),
    views: intScalar(maps.length),
    affine: floatTensor([maps.length, 1, 2, 3], maps.flat()),
  } as const;
  // no one else has it
  const outputs = await engine.evaluate(meansGraph(viewer, picture), feeds, ["image"]);
  const { data } = floatOutput(outputs, "means");
  const channels = data.length / maps.length;
  return maps.map((_, i) => data.subarray(i * channels, (i + 1) * channels));
}

/** What `channelMeans` runs, for pictures of a size. */
export function meansGraph(viewer: Viewer, size: Size): SessionGraph {
  const { network, provider } = viewer;
  const written = { scale: network.scale, greys: greysOf(network), provider };
  const shape = imageShapeOf(network.model, 1, size);
  return passGraph(viewer, shape, provider, { kind: "channel means", ...written });
}

import { setImmediate as nextTurn } from "node:timers/promises";

import { pictureSize } from "../../image/picture.ts";
import { sizeProblem } from "../../image/png.ts";
import type { Size } from "../../image/raster.ts";
import { firstSynonym } from "../../networks/labels.ts";
import type { Layer, LayerWithChannels } from "../../networks/layers.ts";
import { ModelError, ShapeMismatchError } from "../../onnx/errors.ts";
import { gradientObstacle } from "../../optvis/graph/differentiable-graph.ts";
import {
  imageShapeOf,
  mapShapeAt,
  type NetworkModel,
  planeKind,
} from "../../optvis/graph/layer-pass.ts";
import { takesPhotographs } from "../../optvis/ascent/network-planes.ts";
import { ImageTooSmallError, planLevels } from "../../optvis/ascent/plan-levels.ts";
import type { AnalysedNetwork } from "../networks/analyse-network.ts";
import { completeRequest, type CompleteRequest, imageNumbers } from "./complete-request.ts";
import { cropProblems } from "./crop-problems.ts";
import { type LayerChannels, layerChannels, selectChannels } from "./channel-selection.ts";
import { montageProblems } from "./montage-problems.ts";
import { type PlacedTargets, placeTargets } from "./each-place.ts";
import { paintingProblems } from "./painting-problems.ts";
import { presetForm } from "./preset-form.ts";
import { filesOfTargets } from "./fields/targets.ts";
import { fixedMeanProblems, raisedLayer } from "./raised-layer.ts";
import { requestedLayer } from "./requested-layer.ts";
import { diversityProblems, resolveTargets, targetFitProblems } from "./resolve-targets.ts";
import { targetLabel, targetUnits } from "./target-units.ts";
import { MAX_CHANNELS_PER_JOB } from "../limits.ts";
import { initialImageOf, type RenderRequest, RequestError } from "./request.ts";
import type { InitialImage, ResolvedRequest, TargetFile } from "./resolved-request.ts";
import { workProblems } from "./work.ts";
import { workBytes } from "./work-bytes.ts";
import { secondsProblems } from "./seconds-problems.ts";
import {
  type Drawing,
  drawingOf,
  tileSizeOf,
  type WorkSeconds,
  workSeconds,
} from "./work-seconds.ts";

/**
 * Finds everything a request names and checks that it can be run, before any work starts. A large
 * network's gradient takes a while to write down, for each size that it sees: the event loop turns
 * between them.
 *
 * @throws RequestError listing every problem: where, what was given, what is wanted, what to do
 */
export async function resolveRequest(
  request: RenderRequest,
  network: AnalysedNetwork,
  initialImage: InitialImage | null,
  files: readonly TargetFile[] = [],
): Promise<ResolvedRequest> {
  const { model } = network;
  const layer = requestedLayer(request, network);
  const among = layerChannels(layer, network);
  const decidedAxis = network.layers[layer.index - 1]?.channelAxis;
  const { drawn, problems: misnamed } = drawnOf(request, layer, { among, decidedAxis });
  const unplaced = completeRequest(request, model, layer, drawn);
  const { width, height } = initialImage ?? model.inputSize;
  const drawing = drawingOf(unplaced, { width, height });
  const tileSize = pictureSize(tileSizeOf(drawing), planeKind(model.planes), model.planes.length);
  const { length: count } = imageNumbers(unplaced);
  const tooMuchWork = (channelCount: number) => workProblems({ ...drawing, channelCount });
  const tooMuch = [
    ...countProblems(count, request.targets ? "targets" : "channels"),
    ...tooMuchWork(count),
  ];
  const overLimit = tooMuch.length > 0 ? tooMuch : pictureProblems(drawing, tileSize);
  const wrong = [...misnamed, ...photographProblems(request, model)];
  // what is over a limit is not worked through any further
  if (overLimit.length > 0) throw new RequestError([...wrong, ...overLimit]);
  const raised = raisedLayer(request, model, layer);
  const noAscent = await ascentProblems(model, raised, drawing);
  const { channelAxis, targets: wanted = [], montage } = unplaced;
  // the axis that was decided on has channels of a length that the weights decide
  const areMapsAsked = channelAxis !== undefined || wanted.length > 0;
  const maps = areMapsAsked ? mapsAtSizes(model, raised, drawing) : [];
  const [first] = maps;
  const { problems: misplaced, ...placed } = placeTargets(wanted, files, first?.mapShape);
  const complete = withPlaces(unplaced, placed);
  const channels = imageNumbers(complete);
  const secondsOf = (each: Drawing): WorkSeconds => workSeconds(model, raised, each);
  const seconds = noAscent.length > 0 ? null : secondsOf(drawing);
  const problems = [
    ...wrong,
    // a target that is not found may stand for any
    ...(misnamed.length > 0 ? [] : misplaced),
    ...(channels.length > count ? tooMuchWork(channels.length) : []),
    ...noAscent,
    ...fixedMeanProblems(request, model, raised),
    ...(channelAxis === undefined ? [] : channelAxisProblems(channelAxis, raised, maps)),
    ...(seconds ? secondsProblems(drawing, seconds, secondsOf) : []),
    ...(complete.method === "fourier"
      ? [...cropProblems(complete), ...paintingProblems(complete)]
      : []),
    ...(first ? targetFitProblems(wanted, { ...first, layerName: layer.name, files }) : []),
    ...(first ? diversityProblems(drawing.together, model, raised, first.size) : []),
    ...montageProblems(complete, channels.length, tileSize),
  ];
  if (problems.length > 0) throw new RequestError(problems);
  return {
    request: complete,
    presetForm: presetForm(complete, model, layer),
    ...(wanted.some(({ at }) => at === "each") && { eachForm: { targets: wanted, montage } }),
    network: network.description,
    layer: {
      index: layer.index,
      name: layer.name,
      channels: layer.channels,
      preActivation: raised.value !== layer.value,
    },
    targetFiles: [...files],
    channels: [...channels],
    labels: labelsOf(request, complete, among.classNames),
    initialImage,
    seconds,
    bytes: workBytes(model, raised, drawing),
    tileSize,
  };
}

interface Surroundings {
  readonly among: LayerChannels;
  /** Where the layer's channels lie if the request says nothing. */
  readonly decidedAxis: number | undefined;
}

/** What the request draws, in normal form, as far as it is not wrong. */
function drawnOf(
  request: RenderRequest,
  layer: LayerWithChannels,
  { among, decidedAxis }: Surroundings,
) {
  const axis = layer.channelAxis === decidedAxis ? {} : { channelAxis: layer.channelAxis };
  if (request.targets) {
    const { targets, problems } = resolveTargets(request.targets, among);
    return { drawn: { ...axis, targets: [...targets] }, problems };
  }
  const { channels, problems } = selectChannels(request.channels ?? [], among);
  return { drawn: { ...axis, channels: [...channels] }, problems };
}

/**
 * With the targets at their places. A sheet of a whole map is laid as the map is, and says no more
 * of them unless it is to.
 */
function withPlaces(
  request: CompleteRequest,
  { targets, columns }: Omit<PlacedTargets, "problems">,
): CompleteRequest {
  if (request.targets === undefined) return request;
  const { montage } = request;
  const placed = { ...request, targets: [...targets] };
  if (columns === null || montage.gridSize !== null) return placed;
  const labels = montage.labels ?? [];
  return { ...placed, montage: { ...montage, gridSize: [null, columns], labels } };
}

/** Of each image; `null`: it has none of words. */
function labelsOf(
  { montage }: RenderRequest,
  complete: CompleteRequest,
  classNames: readonly string[] | null,
): (string | null)[] {
  const { labels: given } = montage;
  const names = given === "numbers" ? null : classNames;
  const named = (channel: number) => {
    const className = names?.[channel - 1];
    return className === undefined ? null : firstSynonym(className);
  };
  const channels = imageNumbers(complete);
  const own = complete.targets
    ? targetUnits(complete.targets).map((unit) => targetLabel(unit, named))
    : channels.map(named);
  const labels = Array.isArray(given) ? given : own;
  return channels.map((_, i) => labels[i] ?? null);
}

function countProblems(count: number, field: "channels" | "targets"): string[] {
  if (count <= MAX_CHANNELS_PER_JOB) return [];
  const what = field === "targets" ? "images" : field;
  return [
    `${field}: given ${count} ${what}; wanted at most ${MAX_CHANNELS_PER_JOB} in one request; split them into several requests`,
  ];
}

/** What keeps a tile from being read again for the sheet: many planes make one picture. */
function pictureProblems({ method }: Drawing, tileSize: Size): string[] {
  const problem = sizeProblem(tileSize);
  const field = method === "fourier" ? "canvasSize" : "pyramidLevels";
  return problem === null ? [] : [`${field}: the picture of an image has ${problem}`];
}

/** Which photographs the request names that the network cannot take. */
function photographProblems(request: RenderRequest, model: NetworkModel): string[] {
  if (takesPhotographs(model)) return [];
  const photographs = filesOfTargets(request.targets).filter(
    ({ field }) => field === "activationOf",
  );
  const fields = photographs.map(({ where }) => where);
  if (initialImageOf(request) !== null) fields.push("initialImage");
  return fields.map(
    (field) =>
      `${field}: given an image; the network's images have ${model.planes.length} planes that are no colours, which no photograph has; leave it out`,
  );
}

/** What keeps the layer from being rendered at these sizes; none if it can be. */
async function ascentProblems(
  model: NetworkModel,
  layer: LayerWithChannels,
  drawing: Drawing,
): Promise<string[]> {
  try {
    const sizes = passSizes(model, layer, drawing);
    // crops of several levels are of one size
    for (const size of new Map(
      sizes.map((each) => [`${each.width}x${each.height}`, each]),
    ).values()) {
      await nextTurn();
      const obstacle = gradientObstacle(model.model, layer, imageShapeOf(model.model, 1, size));
      if (obstacle instanceof ShapeMismatchError && drawing.method === "fourier") {
        return [`cropSize: ${obstacle.message}; leave it out for a size that the network takes`];
      }
      if (obstacle !== null) return [`layer: ${obstacle.message}`];
    }
    return [];
  } catch (error) {
    if (error instanceof ModelError) return [`layer: ${error.message}`];
    if (error instanceof ImageTooSmallError) return [`initialImage: ${error.message}`];
    throw error;
  }
}

/** A size that goes through the network, and the layer's shape there, [C, ...]. */
interface MapAtSize {
  readonly size: Size;
  readonly mapShape: readonly number[];
}

/** None where the layer cannot be rendered, as is told of it otherwise. */
function mapsAtSizes(
  model: NetworkModel,
  layer: LayerWithChannels,
  drawing: Drawing,
): readonly MapAtSize[] {
  try {
    return passSizes(model, layer, drawing).map((size) => {
      return { size, mapShape: mapShapeAt(model.model, layer, size) };
    });
  } catch (error) {
    if (error instanceof ModelError || error instanceof ImageTooSmallError) return [];
    throw error;
  }
}

/** An axis of rows, columns or tokens is longer in a larger image: its channels are other ones. */
function channelAxisProblems(
  channelAxis: number,
  { channels, name }: LayerWithChannels,
  maps: readonly MapAtSize[],
): string[] {
  const other = maps.find(({ mapShape }) => mapShape[0] !== channels);
  if (!other) return [];
  const { size, mapShape } = other;
  return [
    `channelAxis: axis ${channelAxis} of layer '${name}' is ${channels} long at the network's own size, and ${mapShape[0]} at ${size.width}x${size.height}; choose another axis, or draw at one size`,
  ];
}

/** Sizes of what goes through the network. */
function passSizes(model: NetworkModel, layer: Layer, drawing: Drawing): readonly Size[] {
  if (drawing.method === "fourier") return [drawing.cropSize];
  const { imageSize: size, pyramidLevels, pyramidScale } = drawing;
  const levels = planLevels(model, layer, { size, pyramidLevels, pyramidScale });
  return levels.map((level) => level.crops ?? level.size);
}

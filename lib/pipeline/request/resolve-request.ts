import { pictureSize } from "../../image/picture.ts";
import { sizeProblem } from "../../image/png.ts";
import type { Size } from "../../image/raster.ts";
import type { LayerWithChannels } from "../../networks/layers.ts";
import { type NetworkModel, planeKind } from "../../optvis/graph/layer-pass.ts";
import { noPhotograph, takesPhotographs } from "../../optvis/ascent/network-planes.ts";
import type { AnalysedNetwork } from "../networks/analyse-network.ts";
import {
  completeRequest,
  type CompleteRequest,
  type Drawn,
  imageNumbers,
} from "./complete-request.ts";
import { cropProblems } from "./crop-problems.ts";
import { ascentProblems, channelAxisProblems, mapsAtSizes } from "./ascent-problems.ts";
import { layerChannels, selectChannels } from "./channel-selection.ts";
import { ChannelFinder } from "./find-summed.ts";
import { labelsOf } from "./image-labels.ts";
import { montageProblems } from "./montage-problems.ts";
import { type PlacedTargets, placeTargets } from "./each-place.ts";
import { paintingProblems } from "./painting-problems.ts";
import { presetForm } from "./preset-form.ts";
import { filesOfTargets } from "./fields/targets.ts";
import { fixedMeanProblems, type RaisedLayer, RaisedLayers } from "./raised-layers.ts";
import { requestedLayer } from "./requested-layer.ts";
import {
  diversityProblems,
  layerSetProblems,
  resolveTargets,
  targetFitProblems,
} from "./resolve-targets.ts";
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
  const { drawn, problems: misnamed } = drawnOf(request, layer, network);
  const tooManySets = layerSetProblems(drawn.targets ?? []);
  if (tooManySets.length > 0) throw new RequestError([...misnamed, ...tooManySets]);
  const raising = new RaisedLayers(request, network, layer);
  const seen = raising.lookedAt(drawn.targets);
  const viewer = { network: model, layer, seen: seen.whole };
  const unplaced = completeRequest(request, drawn, viewer);
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
  const { raised } = raising.of(null);
  const noAscent = await ascentProblems(model, seen.each, drawing);
  const { channelAxis, targets: wanted = [], montage } = unplaced;
  // the axis that was decided on has channels of a length that the weights decide
  const areMapsAsked = channelAxis !== undefined || wanted.length > 0;
  const maps = areMapsAsked ? mapsAtSizes(model, raised, drawing) : [];
  const [first] = maps;
  const { problems: misplaced, ...placed } = placeTargets(wanted, files, first?.mapShape);
  const complete = withPlaces(unplaced, placed);
  const channels = imageNumbers(complete);
  const secondsOf = (each: Drawing): WorkSeconds => workSeconds(model, seen.whole, each);
  const seconds = noAscent.length > 0 ? null : secondsOf(drawing);
  const problems = [
    ...wrong,
    // a target that is not found may stand for any
    ...(misnamed.length > 0 ? [] : misplaced),
    ...(channels.length > count ? tooMuchWork(channels.length) : []),
    ...noAscent,
    ...seen.layers.flatMap((each) => fixedMeanProblems(request, model, each.raised)),
    ...(channelAxis === undefined ? [] : channelAxisProblems(channelAxis, raised, maps)),
    ...(seconds ? secondsProblems(drawing, seconds, secondsOf) : []),
    ...(complete.method === "fourier"
      ? [...cropProblems(complete), ...paintingProblems(complete)]
      : []),
    ...(first ? targetFitProblems(wanted, { ...first, layerName: layer.name, files }) : []),
    ...(first
      ? seen.each.flatMap((each) => diversityProblems(drawing.together, model, each, first.size))
      : []),
    ...montageProblems(complete, channels.length, tileSize),
  ];
  if (problems.length > 0) throw new RequestError(problems);
  const others = seen.layers.filter((each) => each.layer.index !== layer.index);
  return {
    request: complete,
    presetForm: presetForm(complete, viewer),
    ...(wanted.some(({ at }) => at === "each") && { eachForm: { targets: wanted, montage } }),
    network: network.description,
    layer: described({ layer, raised }),
    ...(others.length > 0 && { otherLayers: others.map(described) }),
    targetFiles: [...files],
    channels: [...channels],
    labels: labelsOf(request, complete, layer, network),
    initialImage,
    seconds,
    bytes: workBytes(model, seen.whole, drawing),
    tileSize,
  };
}

function described({ layer, raised }: RaisedLayer): ResolvedRequest["layer"] {
  const { index, name, channels } = layer;
  return { index, name, channels, preActivation: raised.value !== layer.value };
}

/** What the request draws, in normal form, as far as it is not wrong. */
function drawnOf(
  request: RenderRequest,
  layer: LayerWithChannels,
  network: AnalysedNetwork,
): { readonly drawn: Drawn; readonly problems: readonly string[] } {
  // where the layer's channels lie if the request says nothing
  const decidedAxis = network.layers[layer.index - 1]?.channelAxis;
  const axis = layer.channelAxis === decidedAxis ? {} : { channelAxis: layer.channelAxis };
  if (request.targets) {
    const { targets, problems } = resolveTargets(
      request.targets,
      new ChannelFinder(layer, network),
    );
    return { drawn: { ...axis, targets: [...targets] }, problems };
  }
  const { channels, problems } = selectChannels(
    request.channels ?? [],
    layerChannels(layer, network),
  );
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
      `${field}: given an image; the network's images have ${noPhotograph(model)}; leave it out`,
  );
}

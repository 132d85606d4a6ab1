import type { ReluWay } from "../../autodiff/rewrites/index.ts";
import { addToPlanes, type Planes } from "../../image/raster.ts";
import { type FloatTensor, floatTensor, sizeOf } from "../../onnx/tensor.ts";
import { FOURIER_STATE, GRADIENT_SUM } from "../graph/fourier-graph.ts";
import { mapShapeAt } from "../graph/layer-pass.ts";
import { adamRates } from "../graph/optimiser/adam.ts";
import type { FourierImage } from "../graph/parameterisation/fourier.ts";
import {
  isOfEllipses,
  isPainted,
  type ParameterImage,
  parameterShape,
} from "../graph/parameterisation/parameter-image.ts";
import { eachFrequency, spectrumLayout } from "../graph/parameterisation/spectrum-layout.ts";
import { windowsOf } from "../quality/windows.ts";
import { laterSeed, standardNormal, uniformFrom } from "../random.ts";
import type { SessionGraph } from "../runtime/session-graph.ts";
import { affineDraws, canvasPerCrop, iteratedCanvas } from "./affine-draws.ts";
import { svgOfEllipses } from "./ellipse-svg.ts";
import { faded } from "./fading.ts";
import type { FourierRecipe } from "./fourier-recipe.ts";
import { onceMade } from "./once-made.ts";
import { greysOf } from "./start-colour.ts";
import { stageGraph } from "./stage-graph.ts";
import type { AscentPlan, Stage, StageGraph } from "./stage.ts";
import type { Beginning, Parameters } from "./state.ts";
import { floatOutput } from "./outputs.ts";
import { pointsNowhere, selectionOf, targetOf } from "./targets.ts";
import type { FourierTask, FrameHook } from "./task.ts";

/** Lucid's ascent: one stage, its parameters `FOURIER_STATE`; of images that fade `GRADIENT_SUM` too. */
export function fourierPlan(task: FourierTask): AscentPlan {
  const iterated = iteratedTask(task);
  return {
    stages: [wholeStage(iterated)],
    together: task.diversity?.images ?? 1,
    windows: windowsOf(task.recipe.canvasSize, task.recipe.cropSize).windows.length,
    hasOtherSeeds: true,
    pointsNowhere: (channel) => pointsNowhere(targetOf(task, channel)),
    start: async (beginning) => startParameters(iterated, beginning),
    imageGraph: graphOfImage(task),
    imageOf: async (parameters, session, wantedSize) => {
      const coefficients = coefficientsOf(parameters);
      const batch = { ...coefficients, shape: [1, ...coefficients.shape] };
      const outputs = await session.run(graphOfImage(task, wantedSize), { coefficients: batch });
      const image = planesOf(task, floatOutput(outputs, "image"));
      const { fadeTo } = task.recipe;
      if (fadeTo === undefined) return image;
      return faded(image, floatOutput(parameters, GRADIENT_SUM), { fadeTo, ...task.network });
    },
    svgOf: async (parameters, session) => {
      const image = parameterImage(task);
      return isOfEllipses(image) ? svgOfEllipses(session, image, coefficientsOf(parameters)) : null;
    },
  };
}

/** The same on the canvas that iterations see. */
function iteratedTask(task: FourierTask): FourierTask {
  const { canvasSize, cropSize, cropMargin } = task.recipe;
  if (!isPainted(parameterImage(task))) return task;
  const iterated = iteratedCanvas(canvasSize, cropSize);
  const share = iterated.height / canvasSize.height;
  const recipe = { ...task.recipe, canvasSize: iterated, cropMargin: share * cropMargin };
  return { ...task, recipe };
}

function coefficientsOf({ coefficients }: Parameters): FloatTensor {
  if (!coefficients) throw new Error("internal: a state without coefficients");
  return coefficients;
}

function wholeStage(task: FourierTask): Stage {
  const { iterations, learningRate, learningRateDecay: decay, cropSize } = task.recipe;
  const mapShape = onceMade(() => mapShapeAt(task.network.model, task.layer, cropSize));
  return {
    number: 1,
    iterations,
    graph: (count) => wholeGraph(task, count, "gradient"),
    revival: (count) => wholeGraph(task, count, "redirected"),
    begin: (parameters) => parameters,
    feeds: (states, done, count) => ({
      selection: selectionOf(states, task, mapShape),
      affine: affineDraws(task, states, done, count),
      rates: adamRates({ learningRate, decay, iterations }, done, count),
    }),
  };
}

function wholeGraph(task: FourierTask, count: number, relu: ReluWay): StageGraph {
  const { canvasSize, cropSize, cropPlace, totalVariation, fadeTo } = task.recipe;
  return stageGraph(task, { seen: cropSize, canvas: canvasSize }, count, {
    method: "fourier",
    relu,
    image: parameterImage(task),
    greys: greysOf(task.network),
    surround: cropPlace === "wrapped" ? "wrapped" : "grey",
    totalVariation,
    sumsGradient: fadeTo !== undefined,
  });
}

function parameterImage({ recipe, network }: FourierTask): ParameterImage {
  const { canvasSize, spectrumDecay, fixedMagnitude = 0, saturation } = recipe;
  const { ellipses = 0, cppnLayers = 0 } = recipe;
  const { height, width } = canvasSize;
  const common = { size: { height, width }, saturation, planes: network.planes };
  if (ellipses > 0) return { ...common, ellipses };
  if (cppnLayers > 0) return { ...common, cppnLayers };
  return {
    ...common,
    highestFrequency: highestFrequency(recipe),
    spectrumDecay,
    ...(fixedMagnitude > 0 && { fixedMagnitude }),
  };
}

/** What of a recipe says how many pixels of the canvas lie between two of the crop. */
type Pitches = Pick<FourierRecipe, "canvasSize" | "cropSize" | "cropFraction">;

/**
 * The highest frequency that any crop can show, in cycles a pixel of the canvas: beyond half a
 * cycle for each pixel of the crop, along its diagonal, there would be noise alone, which Adam
 * amplifies. That saves a large canvas most of its coefficients, and takes none of a small one.
 */
export function highestFrequency({ canvasSize, cropSize, cropFraction }: Pitches): number {
  const finest = Math.min(...cropFraction.start, ...cropFraction.end);
  const pitch = finest * canvasPerCrop(canvasSize, cropSize);
  return Math.min(0.5, Math.SQRT1_2 / pitch);
}

/** Pixels of the canvas for one of a late crop up to which an image is drawn sharp to its pixels. */
const SHARP_PITCH = 1.25;

/**
 * The frequency that is drawn at half its strength, in cycles a pixel: the finest that a late crop
 * of middling size can show. A crop reads single pixels of a large canvas and leaves out those
 * between them: what is finer is the speckle of all that the crops took it for.
 *
 * @returns `null`: none, as the crops show nearly each pixel
 */
export function halvingFrequency({ canvasSize, cropSize, cropFraction }: Pitches): number | null {
  const [least, most] = cropFraction.end;
  const pitch = ((least + most) / 2) * canvasPerCrop(canvasSize, cropSize);
  return pitch > SHARP_PITCH ? 0.5 / pitch : null;
}

/** Noise of one channel, the same whatever the batch and the machine. */
function startParameters(task: FourierTask, { channel, restarts }: Beginning): Parameters {
  const { network, layer, recipe, seed } = task;
  const image = parameterImage(task);
  const { drawnAs } = targetOf(task, channel);
  const key = ["spectrum", laterSeed(seed, restarts), network.fingerprint, layer.value, drawnAs];
  const uniform = uniformFrom(...key);
  const shape = parameterShape(image);
  const parameters = isPainted(image)
    ? standardNormal(sizeOf(shape), uniform).map((value) => recipe.initialDeviation * value)
    : startSpectrum(image, recipe.initialDeviation, uniform);
  const [first, ...moments] = FOURIER_STATE;
  const { height, width } = image.size;
  const zeros = (of: readonly number[]) => floatTensor(of, new Float32Array(sizeOf(of)));
  return Object.fromEntries([
    [first, floatTensor(shape, parameters)],
    ...moments.map((name) => [name, zeros(shape)]),
    ...(recipe.fadeTo ? [[GRADIENT_SUM, zeros([1, height, width])]] : []),
  ]);
}

/**
 * Coefficients N(0, deviation^2), drawn plane by plane in the order kx, ky, real and imaginary
 * part; or phases U(0, 2 pi), in the same order.
 */
function startSpectrum(
  image: FourierImage,
  initialDeviation: number,
  uniform: () => number,
): Float32Array {
  const layout = spectrumLayout(image.size, image.planes.length, image.highestFrequency);
  const parameters = new Float32Array(sizeOf(parameterShape(image)));
  const { across, down } = layout;
  for (let plane = 0; plane < layout.planes; plane++) {
    if (image.fixedMagnitude !== undefined) {
      eachFrequency(layout, ({ single }) => {
        parameters[single + plane] = 2 * Math.PI * uniform();
      });
      continue;
    }
    const draws = standardNormal(2 * across.count * down.count, uniform);
    let next = 0;
    eachFrequency(layout, ({ real, imaginary }) => {
      parameters[real + plane] = initialDeviation * draws[next++]!;
      parameters[imaginary + plane] = initialDeviation * draws[next++]!;
    });
  }
  return parameters;
}

/** @param wantedSize how large the image is wanted: paintings can be made so, waves cannot */
function graphOfImage(task: FourierTask, wantedSize?: FrameHook["wantedSize"]): SessionGraph {
  const { provider } = task;
  const canvas = keptImage(task, wantedSize);
  return {
    key: JSON.stringify(["fourier image", provider, canvas]),
    provider,
    keepsMemory: false,
    recipe: { kind: "fourier image", canvas, batch: 1, provider },
  };
}

function keptImage(task: FourierTask, wantedSize: FrameHook["wantedSize"]): ParameterImage {
  const image = parameterImage(task);
  if (isPainted(image)) return { ...image, paintedSize: wantedSize?.(image.size) ?? image.size };
  const halving = halvingFrequency(task.recipe);
  return halving === null ? image : { ...image, halvingFrequency: halving };
}

/** @param image [1, planes, H, W] */
function planesOf(task: FourierTask, { shape, data }: FloatTensor): Planes {
  const [, , height = 1, width = 1] = shape;
  return addToPlanes({ height, width, data }, greysOf(task.network));
}

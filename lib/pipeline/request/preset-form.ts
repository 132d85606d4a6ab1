import type { LayerWithChannels } from "../../networks/layers.ts";
import type { NetworkModel, TargetLayer } from "../../optvis/graph/layer-pass.ts";
import {
  asSize,
  type CompleteFourierRequest,
  type CompleteRequest,
  presetCanvas,
  presetCrop,
} from "./complete-request.ts";
import { NONE, type PresetForm, type PresetName, PRESETS } from "./fields/fourier.ts";
import { FOURIER_PRESETS } from "./fourier-presets.ts";

/**
 * The same parameters as the preset from which the fewest of them differ, and those that do: a
 * request with these fields is completed to the same again. `null` where the method has no presets.
 *
 * @param seen as `completeRequest` takes it
 */
export function presetForm(
  request: CompleteRequest,
  network: NetworkModel,
  layer: LayerWithChannels,
  seen: TargetLayer = layer,
): PresetForm | null {
  if (request.method === "deepdream") return null;
  const named = PRESETS.map((preset) => ({ preset, ...differing(request, preset) }));
  const least = Math.min(...named.map((form) => Object.keys(form).length));
  // sizes are looked at last: what the layer takes is not told at once
  const [nearest] = named
    .filter((form) => Object.keys(form).length === least)
    .map((form) => ({ ...form, ...differingSizes(request, form.preset, { network, layer, seen }) }))
    .toSorted((a, b) => Object.keys(a).length - Object.keys(b).length);
  return nearest!;
}

/** Of the parameters that a preset sets whatever the network. */
function differing(request: CompleteFourierRequest, preset: PresetName): Partial<PresetForm> {
  const { cropFraction, ...given } = FOURIER_PRESETS[preset].parameters;
  const fractions = unlike(request.cropFraction, cropFraction);
  return {
    ...unlike({ ...NONE, ...request }, { ...NONE, ...given }),
    ...(Object.keys(fractions).length > 0 && { cropFraction: fractions }),
  };
}

interface Looking {
  readonly network: NetworkModel;
  readonly layer: LayerWithChannels;
  readonly seen: TargetLayer;
}

/** Each against what follows from those before it. */
function differingSizes(
  { cropSize, canvasSize, cropMargin }: CompleteFourierRequest,
  name: PresetName,
  { network, layer, seen }: Looking,
): Partial<PresetForm> {
  const preset = FOURIER_PRESETS[name];
  const crop = presetCrop(preset, network, layer, seen);
  const canvas = presetCanvas(asSize(cropSize), preset);
  const margin = Math.round(preset.margin(asSize(canvasSize), network.inputSize));
  return {
    ...(!isAlike(asSize(cropSize), crop) && { cropSize }),
    ...(!isAlike(asSize(canvasSize), canvas) && { canvasSize }),
    ...(cropMargin !== margin && { cropMargin }),
  };
}

/** Of the fields that `wanted` has, those that have another value. */
function unlike<T extends object>(given: T, wanted: T): Partial<T> {
  const result: Partial<T> = {};
  for (const name in wanted) if (!isAlike(given[name], wanted[name])) result[name] = given[name];
  return result;
}

/** Of JSON whose objects have their keys in one order. */
function isAlike(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

import {
  asSize,
  type CompleteFourierRequest,
  type CompleteRequest,
  presetCanvas,
  presetCrop,
  type Viewer,
} from "./complete-request.ts";
import { NONE, type PresetForm, type PresetName, PRESETS } from "./fields/fourier.ts";
import { FOURIER_PRESETS } from "./fourier-presets.ts";

/**
 * The same parameters as the preset from which the fewest of them differ, and those that do: a
 * request with these fields is completed to the same again. `null` where the method has no presets.
 */
export function presetForm(request: CompleteRequest, viewer: Viewer): PresetForm | null {
  if (request.method === "deepdream") return null;
  const named = PRESETS.map((preset) => ({ preset, ...differing(request, preset) }));
  const least = Math.min(...named.map((form) => Object.keys(form).length));
  // sizes are looked at last: what the layer takes is not told at once
  const [nearest] = named
    .filter((form) => Object.keys(form).length === least)
    .map((form) => ({ ...form, ...differingSizes(request, form.preset, viewer) }))
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

/** Each is compared with what follows from the preset and the sizes before it. */
function differingSizes(
  { cropSize, canvasSize, cropMargin }: CompleteFourierRequest,
  name: PresetName,
  viewer: Viewer,
): Partial<PresetForm> {
  const preset = FOURIER_PRESETS[name];
  const crop = presetCrop(preset, viewer);
  const canvas = presetCanvas(asSize(cropSize), preset);
  const margin = Math.round(preset.margin(asSize(canvasSize), viewer.network.inputSize));
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

/** Compares values of JSON; their objects have to have their keys in the same order. */
function isAlike(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

import * as z from "zod";

import type { Size } from "../../image/raster.ts";
import type { LayerWithChannels } from "../../networks/layers.ts";
import {
  imageShapeOf,
  type NetworkModel,
  shapeMismatch,
  type TargetLayer,
} from "../../optvis/graph/layer-pass.ts";
import { completeFourierFields, type FourierParameters, NONE } from "./fields/fourier.ts";
import { commonFields, drawnFields } from "./fields/drawn.ts";
import { MAX_IMAGE_SIDE_PX } from "../limits.ts";
import { FOURIER_PRESETS, type Preset } from "./fourier-presets.ts";
import { targetUnits } from "./target-units.ts";
import { layerRoles } from "./layer-role.ts";
import { deepdreamSchema, type FourierRequest, type RenderRequest } from "./request.ts";

/** 1-based indices in place of names. */
const found = { layer: z.int().min(1), channels: z.array(z.int().min(1)).min(1).optional() };

export const completeRequestSchema = z.discriminatedUnion("method", [
  deepdreamSchema.extend(found),
  z.strictObject({ ...drawnFields, ...completeFourierFields, ...commonFields, ...found }),
]);

/**
 * A request with nothing left to be found or filled in: layer and channels are indices, presets
 * have become their parameters. Requests for the same images are equal here, and it is a request
 * itself, for the same images.
 */
export type CompleteRequest = z.infer<typeof completeRequestSchema>;
export type CompleteFourierRequest = Extract<CompleteRequest, { readonly method: "fourier" }>;

/**
 * Whether the values of the request's images lie around zero, as noise does, which has no colour of
 * its own; or are pixels from 0 to 255.
 */
export function isCentred(request: CompleteRequest): boolean {
  return request.method === "deepdream" && request.initialImage === null;
}

/** The numbers of its images: channels, or 1 to the number of its targets' images. */
export function imageNumbers({ channels, targets = [] }: CompleteRequest): readonly number[] {
  return channels ?? targetUnits(targets).map((_, i) => i + 1);
}

export type Drawn = Pick<CompleteRequest, "channelAxis"> &
  Partial<Pick<CompleteRequest, "channels" | "targets">>;

/** What looks at a request's images: how large they are follows from it. */
export interface Viewer {
  readonly network: NetworkModel;
  /** The request's own. */
  readonly layer: LayerWithChannels;
  /** All that is looked at, where targets look at other layers too. @default the layer */
  readonly seen?: TargetLayer;
}

/** Fills in what a request leaves open. @param drawn channels, 1-based, or targets in normal form */
export function completeRequest(
  request: RenderRequest,
  drawn: Drawn,
  viewer: Viewer,
): CompleteRequest {
  const indices = { layer: viewer.layer.index, ...drawn };
  const { channels: _, targets: __, channelAxis: ___, ...given } = request;
  const others = { ...given, montage: withoutDefaultFormat(given.montage) };
  if (others.method === "deepdream") return { ...others, ...indices };
  const { preset: ____, ...rest } = others;
  return withoutNone({ ...rest, ...fourierParameters(others, viewer), ...indices });
}

/** Requests had no such field once: one with its default is still the same request. */
function withoutDefaultFormat({ format, ...montage }: RenderRequest["montage"]) {
  return format === undefined || format === "png" ? montage : { ...montage, format };
}

function fourierParameters(request: FourierRequest, viewer: Viewer): FourierParameters {
  const preset = FOURIER_PRESETS[request.preset];
  const { cropFraction, ...others } = { ...NONE, ...preset.parameters };
  const crop = givenSize(request.cropSize) ?? presetCrop(preset, viewer);
  const canvas = givenSize(request.canvasSize) ?? presetCanvas(crop, preset);
  return {
    ...withGiven(others, request),
    canvasSize: [canvas.height, canvas.width],
    cropSize: [crop.height, crop.width],
    cropFraction: withGiven(cropFraction, request.cropFraction ?? {}),
    cropMargin: request.cropMargin ?? Math.round(preset.margin(canvas, viewer.network.inputSize)),
  };
}

/** Without the fields that say that there is none of something. */
function withoutNone<T extends FourierParameters>(parameters: T): T {
  const result = { ...parameters };
  for (const name of Object.keys(NONE) as (keyof typeof NONE)[]) {
    if (result[name] === 0) delete result[name];
  }
  return result;
}

/** The values, each replaced where another is given. */
function withGiven<T extends object>(
  values: T,
  given: { readonly [K in keyof T]?: T[K] | undefined },
): T {
  const result = { ...values };
  for (const name in values) result[name] = given[name] ?? values[name];
  return result;
}

/** The preset's crop, or the network's own size where network or layer do not take that. */
export function presetCrop(preset: Preset, { network, layer, seen = layer }: Viewer): Size {
  const { inputSize, model } = network;
  const side = preset.cropSide(layerRoles(model.graph)(layer));
  if (side === null || side > Math.min(inputSize.width, inputSize.height)) return inputSize;
  const isTaken =
    shapeMismatch(model, seen, imageShapeOf(model, 1, { height: side, width: side })) === null;
  return isTaken ? { width: side, height: side } : inputSize;
}

/** The preset's canvas, or the largest of its aspect that may be drawn. */
export function presetCanvas({ width, height }: Size, preset: Preset): Size {
  const sides = Math.min(preset.canvas, MAX_IMAGE_SIDE_PX / Math.max(width, height));
  return { width: nearestEven(width * sides), height: nearestEven(height * sides) };
}

function givenSize(size: FourierRequest["canvasSize"]): Size | null {
  if (size === undefined) return null;
  return typeof size === "number" ? { width: size, height: size } : asSize(size);
}

export function asSize([height, width]: readonly [height: number, width: number]): Size {
  return { width, height };
}

/** Even lengths have shorter sums, and a frequency of half a cycle a pixel. */
const nearestEven = (length: number) => 2 * Math.round(length / 2);

/*
 * The library at one glance:
 *
 *     readNetwork(pathOrId)                        a network: layers, class names, image input
 *     vjp(network, { layer })                      a layer's vector-Jacobian product, as a graph
 *     differentiableGraph(network, { layer })      an ascent's objective and its gradient, as a graph
 *     encodeModel(graph)                           a graph as the bytes of an .onnx file
 *     render({ network, layer, channels })         the image that excites each channel most, as events
 *     sheet(images)                                those images tiled into one
 *     datasetExamples({ network, layer, images })  which of your images do, and where
 *     concepts({ network, layer, images })         what it tells apart in them, as directions to draw
 *     activationAtlas({ network, layer, images })  all of it on a grid where neighbours are alike
 *     encodeNpy(shape, data)                       such directions as the bytes of a .npy file
 *     explain({ network, image })                  why it sees a class in one: channels, places, pixels
 *     circuit(network, { layer, channel })         the channels that one is made of, by which weights
 *     expandedWeights(network, { ..., from })      those of a layer further back
 *
 * The whole pipeline on this machine, with S3, SQS and the API, is `dreamgrid/local`.
 */
export { UnsupportedGradientError } from "./autodiff/errors.ts";
export { ImageError } from "./image/errors.ts";
export { LayerNotFoundError, NetworkError, NetworkNotFoundError } from "./networks/errors.ts";
export { encodeNpy } from "./image/npy.ts";
export { encodeModel } from "./onnx/encode.ts";
export { ModelError, ShapeMismatchError } from "./onnx/errors.ts";
export { GpuUnavailableError, RuntimeError } from "./optvis/runtime/errors.ts";
export { RequestError } from "./pipeline/request/request.ts";
export { activationAtlas, concepts, datasetExamples } from "./library/datasets.ts";
export { circuit, expandedWeights, explain } from "./library/explanations.ts";
export { differentiableGraph, vjp } from "./library/graphs.ts";
export { render, sheet } from "./library/images.ts";
export { readNetwork } from "./library/network.ts";

export type { Provider } from "./autodiff/provider.ts";
export type { MontageOptions } from "./image/sheet-layout.ts";
export type { NetworkInput } from "./networks/network-input.ts";
export type { Graph } from "./onnx/model.ts";
export type { ImageShape } from "./optvis/graph/layer-pass.ts";
export type { Objective } from "./optvis/graph/objective/names.ts";
export type { ChannelContribution } from "./optvis/quality/attribution.ts";
export type { PixelAttribution } from "./optvis/quality/pixel-attribution.ts";
export type { AtlasGrid, LayerAtlas } from "./pipeline/dataset/activation-atlas.ts";
export type { Concept, ImageOfConcept, LayerConcepts } from "./pipeline/dataset/concepts.ts";
export type {
  ChannelDatasetExamples,
  ImageExample,
  LayerDatasetExamples,
} from "./pipeline/dataset/layer-examples.ts";
export type { DatasetProgress } from "./pipeline/dataset/look-at-photographs.ts";
export type { GivenImages, LeftOutImage } from "./pipeline/dataset/photographs.ts";
export type { ClassExplanation } from "./pipeline/explain/class-explanation.ts";
export type { ExpandedCircuit, ExpandedReference } from "./pipeline/explain/expanded-weights.ts";
export type { SeenClass } from "./pipeline/explain/explain.ts";
export type {
  ChannelFailure,
  ChannelImage,
  RenderEvent,
} from "./pipeline/render/render-request.ts";
export type { LayerRow } from "./pipeline/request/layer-rows.ts";
export type { ChannelReference, NamedCircuit } from "./pipeline/request/named-circuit.ts";
export type {
  ActivationAtlasOptions,
  ConceptsOptions,
  DatasetExamplesOptions,
  LookOptions,
} from "./library/datasets.ts";
export type { ExplainOptions } from "./library/explanations.ts";
export type { ObjectiveGraphOptions, VjpOptions } from "./library/graphs.ts";
export type { RenderOptions, RenderRequest } from "./library/images.ts";
export type { Network, ReadOptions } from "./library/network.ts";

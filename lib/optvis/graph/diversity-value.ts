import { channelAxes } from "../../onnx/channel-axis.ts";
import type { Model, Value } from "../../onnx/model.ts";
import { specialise } from "../../onnx/static-graph.ts";
import { cutAt } from "../../onnx/subgraph.ts";
import { sizeOf } from "../../onnx/tensor.ts";
import { type ImageShape, type TargetLayer } from "./layer-pass.ts";

/**
 * Fewer places are no statement of what an image is made of: 7x7 and 14x14 are common at the end of
 * a network, 1x1 is what the classifier sees.
 */
const FEWEST_PLACES = 4;

/** A value of the network, and which of its axes its channels lie along. */
interface ChannelsAt {
  readonly value: Value;
  readonly channelAxis: number;
}

/**
 * Where images of one target are to differ: in the layer itself where it is a map, else in the last
 * map before it; of joined layers in the last map of all.
 *
 * @returns `null` if there is none
 * @throws ModelError as `layerPass`
 */
export function diversityValue(
  model: Model,
  layer: TargetLayer,
  imageShape: ImageShape,
): ChannelsAt | null {
  const [, ...ofImage] = imageShape;
  const graph = specialise(model, [1, ...ofImage]);
  // of one image any axis of length 1 in front may be the batch
  const several = specialise(model, [2, ...ofImage]);
  const axes = channelAxes(graph);
  const ends = layer.joined ?? [layer];
  const asMap = (value: Value): ChannelsAt | null => {
    const asked = ends.find((end) => end.value === value)?.channelAxis;
    const channelAxis = asked ?? axes.get(value);
    if (!channelAxis || several.unbatched.has(value) || !several.facts.has(value)) return null;
    const [, ...behindBatch] = graph.facts.get(value)?.shape ?? [];
    const channels = behindBatch[channelAxis - 1] ?? 0;
    // the products of one channel with itself are one number, the same for all when scaled
    if (channels < 2 || sizeOf(behindBatch) / channels < FEWEST_PLACES) return null;
    return { value, channelAxis };
  };
  const nodes = cutAt(graph, layer).toReversed();
  for (const value of nodes.flatMap(({ outputs }) => outputs)) {
    const map = asMap(value);
    if (map !== null) return map;
  }
  return null;
}

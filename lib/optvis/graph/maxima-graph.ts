import { GraphBuilder } from "../../onnx/graph-builder.ts";
import { DataType } from "../../onnx/element-type.ts";
import type { Graph } from "../../onnx/model.ts";
import { emitForwardPass, type ForwardOptions } from "./forward-pass.ts";
import type { LayerPass } from "./layer-pass.ts";

/**
 * How strongly an image excites each channel of some layers, and where most; forward alone.
 *
 * Input: `image` [1, planes, H, W], pixels less the network's mean. Outputs, of all channels, one
 * layer's after another's: `maxima` [C], the largest value of each channel's map, and `places` [C],
 * where it is, counted row by row from 0, in float32, exact as far as 2^24.
 */
export function maximaGraph(pass: LayerPass, written: ForwardOptions): Graph {
  const graph = new GraphBuilder();
  const image = graph.input("image", "float32", pass.imageShape);
  // each is [1, channels, ...]
  const maps = emitForwardPass(graph, image, pass, written).map((layer) =>
    graph.emit("Flatten", [layer], { axis: 2 }),
  );
  const maxima = maps.map((map) =>
    graph.emit("ReduceMax", [map, graph.ints([1])], { keepdims: 0 }),
  );
  const places = maps.map((map) => {
    const place = graph.emit("ArgMax", [map], { axis: 1, keepdims: 0 });
    return graph.emit("Cast", [place], { to: DataType.float });
  });
  return graph.build(`maxima of ${pass.layerName}`, [
    ["maxima", graph.emit("Concat", maxima, { axis: 0 })],
    ["places", graph.emit("Concat", places, { axis: 0 })],
  ]);
}

import { float, type Value } from "../../../lib/onnx/model.ts";
import { floatTensor } from "../../../lib/onnx/tensor.ts";
import { type Architecture, convBlock, stem } from "./architecture.ts";
import type { NetBuilder } from "./builder.ts";
import { attention, block, HEADS, last, mapOf, patches, perceptron, tokensOf } from "./tokens.ts";

/** Class token in front, places added. */
function embedded(net: NetBuilder, width: number): Value {
  const tokens = tokensOf(net, patches(net, width));
  const all = net.concat([net.weight("cls_token", [1, 1, width]), tokens]);
  return net.add(all, net.weight("pos_embed", [1, net.shape(all)[1]!, width], [-0.3, 0.3]));
}

function classOf(net: NetBuilder, x: Value): Value {
  const first = net.op(
    "Gather",
    [x, net.constant({ type: "int64", shape: [], data: BigInt64Array.of(0n) })],
    { axis: 1 },
  );
  return net.within("head", () => net.linear(first, 7));
}

/** Windows of 3 x 5 of a map [N, H, W, C] as rows of tokens, and back. */
function windowed(net: NetBuilder, x: Value, look: (tokens: Value) => Value): Value {
  const [n = 1, h = 1, w = 1, c = 1] = net.shape(x);
  const [rows, columns] = [3, 5];
  const split = net.reshape(x, n, h / rows, rows, w / columns, columns, c);
  const tokens = net.reshape(net.transpose(split, 0, 1, 3, 2, 4, 5), -1, rows * columns, c);
  const seen = net.reshape(look(tokens), n, h / rows, w / columns, rows, columns, c);
  return net.reshape(net.transpose(seen, 0, 1, 3, 2, 4, 5), n, h, w, c);
}

/** Turned around by some rows. */
function rolled(net: NetBuilder, x: Value, by: number): Value {
  const length = net.shape(x)[1]!;
  const at = by > 0 ? by : length + by;
  return net.concat([net.slice(x, 1, at, length), net.slice(x, 1, 0, at)], 1);
}

export const transformers: readonly Architecture[] = [
  {
    name: "ViT",
    style: "dynamo",
    opset: 18,
    build: (net) => [
      classOf(
        net,
        last(
          net,
          net.stage(
            "blocks",
            embedded(net, 8),
            [0, 1].map(() => (x: Value) => block(net, x, (y) => attention(net, y))),
          ),
        ),
      ),
    ],
  },
  {
    name: "ViT with Attention operators",
    style: "dynamo",
    opset: 23,
    build: (net) => [
      classOf(
        net,
        last(
          net,
          net.stage("blocks", embedded(net, 12), [
            (x: Value) => block(net, x, (y) => attention(net, y, { isWhole: true })),
          ]),
        ),
      ),
    ],
  },
  {
    name: "Gated ViT with RMS normalisation",
    style: "dynamo",
    opset: 24,
    build: (net) => {
      const normed = (x: Value) =>
        net.op("RMSNormalization", [x, net.weight("scale", [net.shape(x).at(-1)!], [0.5, 1.5])], {
          axis: -1,
          epsilon: float(1e-6),
        });
      const x = embedded(net, 8);
      const a = net.within("blocks.0", () => net.add(x, attention(net, normed(x))));
      const b = net.within("blocks.1", () =>
        net.add(
          a,
          perceptron(net, normed(a), (y) => net.op("Swish", [y])),
        ),
      );
      return [classOf(net, normed(b))];
    },
  },
  {
    name: "DeiT",
    style: "torchscript",
    opset: 14,
    build: (net) => [
      classOf(
        net,
        last(
          net,
          net.stage("blocks", embedded(net, 12), [(x) => block(net, x, (y) => attention(net, y))]),
        ),
      ),
    ],
  },
  {
    name: "Swin",
    style: "torchscript",
    opset: 17,
    image: [3, 24, 20],
    build: (net) => {
      const tokens = net.transpose(patches(net, 8), 0, 2, 3, 1);
      const bias = net.weight("relative_position_bias", [1, HEADS, 15, 15], [-0.5, 0.5]);
      const layer = (shift: number) => (x: Value) =>
        block(net, x, (normed) => {
          const turned = shift ? rolled(net, normed, shift) : normed;
          const seen = windowed(net, turned, (y) => attention(net, y, { bias }));
          return shift ? rolled(net, seen, -shift) : seen;
        });
      const stage = net.stage("layers", tokens, [layer(0), layer(1)]);
      // merging: every second row and column of four grids
      const grids = [0, 1].flatMap((column) =>
        [0, 1].map((row) => net.slice(net.slice(stage, 1, row, 6, 2), 2, column, 4, 2)),
      );
      const merged = net.within("downsample", () =>
        net.linear(net.layerNorm(net.concat(grids, -1)), 10, false),
      );
      return [net.within("head", () => net.linear(net.mean(merged, [1, 2], 0), 7))];
    },
  },
  {
    name: "SegFormer",
    style: "torchscript",
    opset: 12,
    build: (net) => {
      const map = net.within("patch_embed", () => net.conv(net.image, 8, { kernel: 7, stride: 4 }));
      const [, , h = 1, w = 1] = net.shape(map);
      const reduced = (y: Value) => {
        const few = net.within("sr", () =>
          net.conv(mapOf(net, y, h, w), 8, { kernel: 2, stride: 2, pad: 0 }),
        );
        return net.layerNorm(tokensOf(net, few));
      };
      const tokens = net.within("block1", () =>
        block(net, tokensOf(net, map), (y) => attention(net, y, { context: reduced(y) })),
      );
      const decoded = net.within("linear_c1", () => net.linear(last(net, tokens), 6));
      return [
        net.resizeTo(
          net.within("predict", () => net.conv(mapOf(net, decoded, h, w), 5, { kernel: 1 })),
          24,
          20,
        ),
      ];
    },
  },
  {
    name: "MobileViT",
    style: "dynamo",
    opset: 20,
    build: (net) => {
      const x = stem(net, "silu");
      const [n = 1, c = 1, h = 1, w = 1] = net.shape(x);
      const unfolded = net.transpose(net.reshape(x, n * c * (h / 2), 2, w / 2, 2), 0, 2, 1, 3);
      const tokens = net.reshape(
        net.transpose(net.reshape(unfolded, n, c, (h * w) / 4, 4), 0, 3, 2, 1),
        n * 4,
        (h * w) / 4,
        c,
      );
      const seen = net.within("transformer", () => block(net, tokens, (y) => attention(net, y)));
      const folded = net.reshape(
        net.transpose(net.reshape(seen, n, 4, (h * w) / 4, c), 0, 3, 2, 1),
        n * c * (h / 2),
        w / 2,
        2,
        2,
      );
      const back = net.reshape(net.transpose(folded, 0, 2, 1, 3), n, c, h, w);
      return [
        net.head(
          net.within("fusion", () => convBlock(net, net.concat([x, back]), 10, { act: "silu" })),
        ),
      ];
    },
  },
  {
    name: "CoAtNet with places looked up",
    style: "torchscript",
    opset: 11,
    build: (net) => {
      const x = net.within("s0", () => convBlock(net, net.image, 8, { stride: 4 }));
      const tokens = tokensOf(net, x);
      const count = net.shape(tokens)[1]!;
      const table = net.weight("relative_bias_table", [HEADS, 11], [-0.5, 0.5]);
      const places = Array.from(
        { length: count ** 2 },
        (_, i) => (i % count) + (Math.floor(i / count) % 5),
      );
      const index = net.constant({
        type: "int64",
        shape: [count, count],
        data: BigInt64Array.from(places, (p) => BigInt(p % 11)),
      });
      const bias = net.op("Gather", [table, index], { axis: 1 });
      const seen = net.within("s1", () => block(net, tokens, (y) => attention(net, y, { bias })));
      const [, , h = 1, w = 1] = net.shape(x);
      return [net.head(net.add(mapOf(net, seen, h, w), net.constant(floatTensor([1], [0.1]))))];
    },
  },
];

import type { Value } from "../../../lib/onnx/model.ts";
import {
  type Activation,
  type Architecture,
  convBlock,
  squeezeExcite,
  stem,
} from "./architecture.ts";
import type { NetBuilder } from "./builder.ts";

interface InvertedOptions {
  readonly act?: Activation;
  readonly stride?: number;
  readonly kernel?: number;
  readonly se?: ((net: NetBuilder) => (x: Value) => Value) | null;
}

/** Wide, by channel, narrow again, beside the identity: MobileNetV2 and all after it. */
function inverted(
  net: NetBuilder,
  x: Value,
  filters: number,
  options: InvertedOptions = {},
): Value {
  const { act = "relu6", stride = 1, kernel = 3, se = null } = options;
  const wide = 2 * net.channels(x);
  const a = net.within("expand", () => convBlock(net, x, wide, { kernel: 1, act }));
  const b = net.within("depthwise", () =>
    convBlock(net, a, wide, { kernel, stride, groups: wide, act }),
  );
  const c = se ? squeezeExcite(net, b, se(net)) : b;
  const d = net.within("project", () => convBlock(net, c, filters, { kernel: 1, act: "none" }));
  return stride === 1 && net.channels(x) === filters ? net.add(x, d) : d;
}

const blocks = (net: NetBuilder, x: Value, options: InvertedOptions) =>
  net.stage("blocks", x, [
    (y) => inverted(net, y, 8, options),
    (y) => inverted(net, y, 10, { ...options, stride: 2, kernel: 5 }),
  ]);

const hardSigmoid = (net: NetBuilder) => (x: Value) =>
  net.op("HardSigmoid", [x], { alpha: { float: 1 / 6 } });
const sigmoid = (net: NetBuilder) => (x: Value) => net.sigmoid(x);

/** The image of a Keras file, [N, H, W, C], as convolutions want it. */
const toChannelsFirst = (net: NetBuilder) => net.transpose(net.image, 0, 3, 1, 2);

/** Channels of two groups, woven together. */
function shuffled(net: NetBuilder, x: Value): Value {
  const [n = 1, c = 1, h = 1, w = 1] = net.shape(x);
  const grouped = net.transpose(net.reshape(x, n, 2, c / 2, h, w), 0, 2, 1, 3, 4);
  return net.reshape(grouped, n, c, h, w);
}

export const mobile: readonly Architecture[] = [
  {
    name: "MobileNet v1",
    style: "keras",
    opset: 13,
    traits: ["NHWC"],
    build: (net) => {
      const separable = (x: Value) =>
        net.within("pw", () =>
          convBlock(
            net,
            net.within("dw", () =>
              convBlock(net, x, net.channels(x), { groups: net.channels(x), act: "relu6" }),
            ),
            12,
            { kernel: 1, act: "relu6" },
          ),
        );
      const a = net.stage("blocks", stem(net, "relu6", toChannelsFirst(net)), [
        separable,
        separable,
      ]);
      const means = net.mean(net.transpose(a, 0, 2, 3, 1), [1, 2], 0);
      return [net.softmax(net.within("predictions", () => net.linear(means, 7)))];
    },
  },
  {
    name: "Xception",
    style: "keras",
    opset: 15,
    traits: ["NHWC"],
    build: (net) => {
      const separable = (x: Value, filters: number) =>
        net.conv(
          net.within("depthwise", () =>
            net.conv(x, net.channels(x), { groups: net.channels(x), bias: false }),
          ),
          filters,
          { kernel: 1, bias: false },
        );
      const a = stem(net, "relu", toChannelsFirst(net));
      const b = net.within("block2", () =>
        net.maxPool(net.batchNorm(separable(net.relu(a), 12)), 3, 2, 1),
      );
      const c = net.within("shortcut", () =>
        convBlock(net, a, 12, { kernel: 1, stride: 2, act: "none" }),
      );
      return [net.head(net.add(b, c))];
    },
  },
  {
    name: "MobileNet v2",
    style: "torchscript",
    opset: 10,
    build: (net) => [net.head(blocks(net, stem(net, "relu6"), {}))],
  },
  {
    name: "MobileNet v3",
    style: "torchscript",
    opset: 14,
    build: (net) => [
      net.head(blocks(net, stem(net, "hardSwish"), { act: "hardSwish", se: hardSigmoid })),
    ],
  },
  {
    name: "MobileNet v4",
    style: "dynamo",
    opset: 22,
    build: (net) => {
      // a universal inverted bottleneck has a convolution by channel before it, too
      const universal = (x: Value) =>
        inverted(
          net,
          net.within("dw_start", () =>
            convBlock(net, x, net.channels(x), { groups: net.channels(x), act: "none" }),
          ),
          net.channels(x),
          { act: "relu" },
        );
      return [net.head(net.stage("blocks", stem(net), [universal, universal]))];
    },
  },
  {
    name: "MNASNet",
    style: "torchscript",
    opset: 17,
    build: (net) => [net.head(blocks(net, stem(net), { act: "relu" }))],
  },
  {
    name: "EfficientNet",
    style: "torchscript",
    opset: 17,
    build: (net) => [net.head(blocks(net, stem(net, "silu"), { act: "silu", se: sigmoid }))],
  },
  {
    name: "EfficientNet v2",
    style: "dynamo",
    opset: 19,
    build: (net) => {
      const fused = (x: Value) => {
        const a = net.within("conv_exp", () => convBlock(net, x, 16, { act: "silu" }));
        return net.add(
          x,
          net.within("conv_pwl", () =>
            convBlock(net, a, net.channels(x), { kernel: 1, act: "none" }),
          ),
        );
      };
      return [
        net.head(
          blocks(
            net,
            net.within("fused", () => fused(stem(net, "silu"))),
            { act: "silu", se: sigmoid },
          ),
        ),
      ];
    },
  },
  {
    name: "EfficientNet-lite",
    style: "keras",
    opset: 11,
    traits: ["NHWC"],
    build: (net) => {
      // weights that are clipped, as a converter leaves them
      const clipped = net.op("Clip", [
        net.weight("kernel", [8, 3, 3, 3], [-0.6, 0.6]),
        net.scalar(-0.5),
        net.scalar(0.5),
      ]);
      const a = net.op("Conv", [toChannelsFirst(net), clipped], {
        kernel_shape: [3, 3],
        strides: [2, 2],
        auto_pad: "SAME_UPPER",
      });
      const b = blocks(
        net,
        net.within("stem", () => net.relu6(net.batchNorm(a))),
        {},
      );
      return [net.softmax(net.head(b))];
    },
  },
  {
    name: "ShuffleNet v2",
    style: "torchscript",
    opset: 11,
    build: (net) => {
      const unit = (x: Value) => {
        const [left = "", right = ""] = net.split(x, 1, 4, 4);
        const a = net.within("a", () => convBlock(net, right, 4, { kernel: 1 }));
        const b = net.within("b", () => convBlock(net, a, 4, { groups: 4, act: "none" }));
        return shuffled(
          net,
          net.concat([left, net.within("c", () => convBlock(net, b, 4, { kernel: 1 }))]),
        );
      };
      return [net.head(net.stage("stage2", stem(net), [unit, unit]))];
    },
  },
  {
    name: "GhostNet",
    style: "torchscript",
    opset: 13,
    build: (net) => {
      const ghost = (x: Value) => {
        const primary = net.within("primary_conv", () => convBlock(net, x, 8, { kernel: 1 }));
        const cheap = net.within("cheap_operation", () =>
          convBlock(net, primary, 8, { groups: 8 }),
        );
        // as many as wanted of both
        return net.slice(net.concat([primary, cheap]), 1, 0, 14);
      };
      return [net.head(net.stage("blocks", stem(net), [ghost, ghost]))];
    },
  },
  {
    name: "ECA-Net",
    style: "torchscript",
    opset: 16,
    build: (net) => {
      const x = net.within("layer1", () => convBlock(net, stem(net), 10));
      const row = net.transpose(net.op("Squeeze", [net.globalPool(x), net.ints(-1)]), 0, 2, 1);
      const kernel = net.within("eca", () => net.weight("weight", [1, 1, 3]));
      const mixed = net.op("Conv", [row, kernel], { kernel_shape: [3], pads: [1, 1] });
      const gate = net.op("Unsqueeze", [net.transpose(net.sigmoid(mixed), 0, 2, 1), net.ints(3)]);
      return [net.head(net.mul(x, gate))];
    },
  },
  {
    name: "CBAM",
    style: "dynamo",
    opset: 18,
    build: (net) => {
      const x = net.within("layer1", () => convBlock(net, stem(net), 8));
      const both = net.concat([
        net.op("ReduceMax", [x, net.ints(1)], { keepdims: 1 }),
        net.mean(x, [1]),
      ]);
      const where = net.within("spatial", () =>
        net.sigmoid(net.conv(both, 1, { kernel: 7, bias: false })),
      );
      return [net.head(net.mul(x, where))];
    },
  },
];

import type { Value } from "../../../lib/onnx/model.ts";
import { type Architecture, convBlock, squeezeExcite, stem } from "./architecture.ts";
import type { NetBuilder } from "./builder.ts";
import { floatTensor } from "../../../lib/onnx/tensor.ts";

/** Two convolutions beside the identity, or beside another convolution where sizes change. */
function basicBlock(net: NetBuilder, x: Value, filters: number, stride = 1): Value {
  const conv = (n: number, value: Value, options = {}) =>
    net.within(`conv${n}`, () => net.conv(value, filters, { bias: false, ...options }));
  const norm = (n: number, value: Value) => net.within(`bn${n}`, () => net.batchNorm(value));
  const a = net.within("relu", () => net.relu(norm(1, conv(1, x, { stride }))));
  const b = norm(2, conv(2, a));
  const isSame = stride === 1 && net.channels(x) === filters;
  const beside = isSame
    ? x
    : net.within("downsample", () =>
        convBlock(net, x, filters, { kernel: 1, stride, act: "none" }),
      );
  return net.relu(net.add(b, beside));
}

interface BottleneckOptions {
  readonly groups?: number;
  readonly stride?: number;
  readonly se?: boolean;
  /** Parts that each see the one before: Res2Net. */
  readonly scales?: number;
}

function bottleneck(
  net: NetBuilder,
  x: Value,
  filters: number,
  options: BottleneckOptions = {},
): Value {
  const { groups = 1, stride = 1, se = false, scales = 1 } = options;
  const a = net.within("a", () => convBlock(net, x, filters, { kernel: 1 }));
  const b = net.within("b", () => {
    if (scales === 1) return convBlock(net, a, filters, { stride, groups });
    const width = filters / scales;
    const parts = net.split(a, 1, ...Array<number>(scales).fill(width));
    const done: Value[] = [];
    parts.forEach((part, i) => {
      const before = done[i - 1];
      const given = i > 1 && before ? net.add(part, before) : part;
      done.push(i === 0 ? part : net.within(i, () => convBlock(net, given, width)));
    });
    return net.concat(done);
  });
  const c = net.within("c", () => convBlock(net, b, 2 * filters, { kernel: 1, act: "none" }));
  const d = se ? squeezeExcite(net, c) : c;
  const beside = net.within("downsample", () =>
    convBlock(net, x, 2 * filters, { kernel: 1, stride, act: "none" }),
  );
  return net.relu(net.add(d, beside));
}

export const residual: readonly Architecture[] = [
  {
    name: "ResNet-18",
    style: "dynamo",
    opset: 18,
    traits: ["external data"],
    build: (net) => {
      const a = net.maxPool(stem(net), 3, 2, 1);
      const b = net.within("layer1", () => net.within(0, () => basicBlock(net, a, 8)));
      const c = net.stage("layer2", b, [
        (x) => basicBlock(net, x, 12, 2),
        (x) => basicBlock(net, x, 12),
      ]);
      return [net.head(c)];
    },
  },
  {
    name: "ResNet-50-D",
    style: "torchscript",
    opset: 13,
    build: (net) => {
      const deep = net.stage(
        "stem",
        net.image,
        [6, 8].map((n, i) => (x: Value) => convBlock(net, x, n, { stride: 2 - i })),
      );
      const a = net.within("layer1", () => bottleneck(net, net.maxPool(deep, 3, 2, 1), 6));
      const shortcut = net.within("pooled", () =>
        convBlock(
          net,
          net.op("AveragePool", [a], { kernel_shape: [2, 2], strides: [2, 2], ceil_mode: 1 }),
          16,
          { kernel: 1, act: "none" },
        ),
      );
      const b = net.within("layer2", () =>
        convBlock(net, a, 16, { stride: 2, act: "none", kernel: 3 }),
      );
      return [net.head(net.relu(net.add(b, shortcut)))];
    },
  },
  {
    name: "ResNeXt",
    style: "dynamo",
    opset: 20,
    build: (net) => [
      net.head(
        net.stage(
          "layer1",
          stem(net),
          [1, 2].map((stride) => (x: Value) => bottleneck(net, x, 8, { groups: 4, stride })),
        ),
      ),
    ],
  },
  {
    name: "SE-ResNet",
    style: "torchscript",
    opset: 12,
    build: (net) => [
      net.head(
        net.stage(
          "layer1",
          stem(net),
          [1, 2].map((stride) => (x: Value) => bottleneck(net, x, 6, { se: true, stride })),
        ),
      ),
    ],
  },
  {
    name: "Res2Net",
    style: "torchscript",
    opset: 14,
    build: (net) => [
      net.head(net.within("layer1", () => bottleneck(net, stem(net), 12, { scales: 4 }))),
    ],
  },
  {
    name: "RegNet",
    style: "dynamo",
    opset: 21,
    build: (net) => [
      net.head(
        net.stage(
          "trunk",
          stem(net),
          [1, 2].map(
            (stride) => (x: Value) =>
              bottleneck(net, x, 6, { groups: 2, se: stride === 2, stride }),
          ),
        ),
      ),
    ],
  },
  {
    name: "RepVGG",
    style: "torchscript",
    opset: 16,
    build: (net) => {
      const block = (x: Value) =>
        net.relu(
          net.op("Sum", [
            net.within("rbr_dense", () => convBlock(net, x, 8, { act: "none" })),
            net.within("rbr_1x1", () => convBlock(net, x, 8, { kernel: 1, act: "none" })),
            net.within("rbr_identity", () => net.batchNorm(x)),
          ]),
        );
      return [net.head(net.stage("stage1", stem(net), [block, block]))];
    },
  },
  {
    name: "NF-Net",
    style: "torchscript",
    opset: 16,
    build: (net) => {
      // PyTorch standardises weights by a batch normalisation in training mode
      const standardised = (x: Value, filters: number, kernel: number, stride = 1) => {
        const c = net.channels(x);
        const raw = net.weight("weight", [filters, c, kernel, kernel]);
        const rows = net.reshape(raw, 1, filters, -1);
        const ones = net.weight("gain", [filters], [0.3, 0.6]);
        const zero = net.constant(floatTensor([filters], Array<number>(filters).fill(0)));
        const spread = net.ops(
          "BatchNormalization",
          [rows, ones, zero, zero, ones],
          { training_mode: 1 },
          3,
        )[0]!;
        const weight = net.reshape(spread, filters, c, kernel, kernel);
        const bias = net.weight("bias", [filters], [-0.2, 0.2]);
        const pads = Array<number>(4).fill(kernel >> 1);
        return net.op("Conv", [x, weight, bias], {
          kernel_shape: [kernel, kernel],
          strides: [stride, stride],
          pads,
        });
      };
      const scaledGelu = (x: Value) => net.mul(net.gelu(x), net.scalar(1.7));
      const a = net.within("stem", () => standardised(net.image, 8, 3, 2));
      const b = net.within("block", () => {
        const c = net.within("conv1", () =>
          standardised(net.mul(scaledGelu(a), net.scalar(0.8)), 8, 1),
        );
        const d = net.within("conv2", () => standardised(scaledGelu(c), 8, 3));
        return net.add(net.mul(d, net.scalar(0.4)), a);
      });
      return [net.head(scaledGelu(b))];
    },
  },
  {
    name: "BiT",
    style: "dynamo",
    opset: 18,
    build: (net) => {
      const standardised = (x: Value, filters: number) => {
        const weight = net.weight("weight", [filters, net.channels(x), 3, 3]);
        const centred = net.op("Sub", [weight, net.mean(weight, [1, 2, 3])]);
        const variance = net.mean(net.mul(centred, centred), [1, 2, 3]);
        const deviation = net.op("Sqrt", [net.add(variance, net.scalar(1e-10))]);
        return net.op("Conv", [x, net.op("Div", [centred, deviation])], {
          kernel_shape: [3, 3],
          pads: [1, 1, 1, 1],
        });
      };
      const block = (x: Value) =>
        net.add(
          x,
          net.within("conv1", () =>
            standardised(net.relu(net.within("norm1", () => net.groupNorm(x, 4))), 8),
          ),
        );
      return [net.head(net.stage("body", stem(net), [block, block]))];
    },
  },
];

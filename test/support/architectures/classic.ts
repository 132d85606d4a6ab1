import { float, type Value } from "../../../lib/onnx/model.ts";
import { type Architecture, convBlock, stem } from "./architecture.ts";
import type { NetBuilder } from "./builder.ts";

/** Branches of an Inception block, side by side. */
function branches(net: NetBuilder, x: Value, ...parts: readonly ((x: Value) => Value)[]): Value {
  return net.concat(parts.map((part, i) => net.within(`branch${i}`, () => part(x))));
}

const reluConv =
  (net: NetBuilder, filters: number, options: Parameters<NetBuilder["conv"]>[2] = {}) =>
  (x: Value) =>
    net.relu(net.conv(x, filters, options));

export const classic: readonly Architecture[] = [
  {
    name: "LeNet",
    style: "torchscript",
    opset: 9,
    build: (net) => {
      const tanh = (x: Value) => net.op("Tanh", [x]);
      const a = net.averagePool(
        tanh(net.within("c1", () => net.conv(net.image, 6, { kernel: 5, pad: 0 }))),
        2,
      );
      const b = net.averagePool(
        tanh(net.within("c2", () => net.conv(a, 8, { kernel: 5, pad: 1 }))),
        2,
      );
      const flat = net.op("Flatten", [b], { axis: 1 });
      return [net.within("fc", () => net.linear(flat, 10))];
    },
  },
  {
    name: "AlexNet (Caffe)",
    style: "caffe",
    opset: 8,
    build: (net) => {
      const lrn = (x: Value) =>
        net.op("LRN", [x], { size: 5, alpha: float(1e-2), beta: float(0.75) });
      const a = net.within("conv1", () =>
        reluConv(net, 8, { kernel: 5, stride: 2, pad: 1 })(net.image),
      );
      const b = net.within("conv2", () =>
        reluConv(net, 10, { groups: 2 })(net.maxPool(lrn(a), 3, 2, 1)),
      );
      const flat = net.op("Flatten", [net.maxPool(b, 2)], { axis: 1 });
      const fc = net.within("fc6", () => net.relu(net.linear(flat, 12)));
      return [net.softmax(net.within("fc7", () => net.linear(net.op("Dropout", [fc]), 7)))];
    },
  },
  {
    name: "VGG with batch normalisation",
    style: "torchscript",
    opset: 11,
    build: (net) => {
      const conv = (filters: number) => (x: Value) => net.conv(x, filters);
      const features = net.stage("features", net.image, [
        conv(6),
        (x) => net.batchNorm(x),
        net.relu,
        conv(6),
        net.relu,
        (x) => net.maxPool(x, 2),
        conv(10),
        (x) => net.batchNorm(x),
        net.relu,
        (x) => net.maxPool(x, 2),
      ]);
      const flat = net.op("Flatten", [net.averagePool(features, 3, 2)], { axis: 1 });
      return [
        net.stage("classifier", flat, [(x) => net.linear(x, 9), net.relu, (x) => net.linear(x, 7)]),
      ];
    },
  },
  {
    name: "DenseNet",
    style: "torchscript",
    opset: 11,
    build: (net) => {
      const layer = (x: Value): Value => {
        const a = net.within("norm1", () => net.relu(net.batchNorm(x)));
        const b = net.within("conv1", () => net.conv(a, 8, { kernel: 1, bias: false }));
        const c = net.within("norm2", () => net.relu(net.batchNorm(b)));
        return net.concat([x, net.within("conv2", () => net.conv(c, 4, { bias: false }))]);
      };
      const dense = (name: string, x: Value) =>
        net.within(name, () => net.chain(x, [layer, layer, layer]));
      const a = dense("denseblock1", stem(net));
      const shorter = net.within("transition1", () =>
        net.averagePool(net.conv(net.relu(net.batchNorm(a)), 10, { kernel: 1 }), 2),
      );
      return [
        net.head(net.relu(net.within("norm5", () => net.batchNorm(dense("denseblock2", shorter))))),
      ];
    },
  },
  {
    name: "GoogLeNet",
    style: "caffe",
    opset: 9,
    build: (net) => {
      const lrn = (x: Value) => net.op("LRN", [x], { size: 5, alpha: float(1e-3) });
      const a = lrn(
        net.maxPool(
          net.within("conv1", () => reluConv(net, 8, { kernel: 7, stride: 2 })(net.image)),
          3,
          2,
          1,
        ),
      );
      const block = (x: Value) =>
        branches(
          net,
          x,
          reluConv(net, 4, { kernel: 1 }),
          (y) => net.within("3x3", () => reluConv(net, 6)(reluConv(net, 4, { kernel: 1 })(y))),
          (y) =>
            net.within("5x5", () =>
              reluConv(net, 3, { kernel: 5 })(reluConv(net, 2, { kernel: 1 })(y)),
            ),
          (y) => reluConv(net, 3, { kernel: 1 })(net.maxPool(y, 3, 1, 1)),
        );
      const b = net.within("inception_3a", () => block(a));
      const c = net.within("inception_4a", () => block(net.maxPool(b, 3, 2, 1)));
      return [net.softmax(net.head(c))];
    },
  },
  {
    name: "Inception v3",
    style: "torchscript",
    opset: 12,
    build: (net) => {
      const conv = (filters: number, kernel: number | readonly [number, number]) => (x: Value) =>
        convBlock(net, x, filters, { kernel });
      const mixed = (x: Value) =>
        branches(
          net,
          x,
          conv(4, 1),
          (y) => net.chain(y, [conv(4, 1), conv(4, [1, 7]), conv(5, [7, 1])]),
          (y) => net.chain(y, [conv(4, 1), conv(6, [3, 1]), conv(6, [1, 3])]),
          (y) => net.within("pool", () => conv(3, 1)(net.averagePool(y, 3, 1, 1))),
        );
      return [net.head(net.within("Mixed_6b", () => mixed(net.maxPool(stem(net), 3, 2))))];
    },
  },
  {
    name: "Inception-ResNet",
    style: "torchscript",
    opset: 15,
    build: (net) => {
      const block = (x: Value) => {
        const both = branches(
          net,
          x,
          (y) => convBlock(net, y, 4, { kernel: 1 }),
          (y) =>
            net.chain(
              y,
              [1, 3].map((kernel) => (z: Value) => convBlock(net, z, 5, { kernel })),
            ),
        );
        const up = net.within("conv2d", () => net.conv(both, net.channels(x), { kernel: 1 }));
        return net.relu(net.add(net.mul(up, net.scalar(0.17)), x));
      };
      return [net.head(net.stage("repeat", stem(net), [block, block]))];
    },
  },
  {
    name: "SqueezeNet",
    style: "torchscript",
    opset: 7,
    build: (net) => {
      const fire = (x: Value) => {
        const squeezed = net.within("squeeze", () => reluConv(net, 4, { kernel: 1 })(x));
        return net.concat([
          net.within("expand1x1", () => reluConv(net, 6, { kernel: 1 })(squeezed)),
          net.within("expand3x3", () => reluConv(net, 6)(squeezed)),
        ]);
      };
      const features = net.stage("features", net.image, [
        reluConv(net, 8, { stride: 2 }),
        (x) => net.maxPool(x, 3, 2),
        fire,
        fire,
      ]);
      const maps = net.within("classifier", () =>
        reluConv(net, 7, { kernel: 1 })(net.op("Dropout", [features])),
      );
      return [net.op("Flatten", [net.globalPool(maps)], { axis: 1 })];
    },
  },
  {
    name: "DCGAN discriminator",
    style: "torchscript",
    opset: 10,
    build: (net) => {
      const leaky = (x: Value) => net.op("LeakyRelu", [x], { alpha: float(0.2) });
      const conv = (filters: number) => (x: Value) =>
        net.conv(x, filters, { kernel: 4, stride: 2, pad: 1, bias: false });
      const features = net.stage("main", net.image, [
        conv(6),
        leaky,
        conv(10),
        (x) => net.batchNorm(x),
        leaky,
        (x) => net.conv(x, 4, { kernel: [6, 5], pad: 0 }),
        net.sigmoid,
      ]);
      return [features];
    },
  },
  {
    name: "Capsules, routed by agreement",
    style: "dynamo",
    opset: 18,
    build: (net) => {
      const sum = (x: Value, axis: number, keepdims = 0) =>
        net.op("ReduceSum", [x, net.ints(axis)], { keepdims });
      const squashed = (v: Value) => {
        const square = sum(net.mul(v, v), -1, 1);
        const short = net.op("Div", [square, net.add(square, net.scalar(1))]);
        const length = net.op("Sqrt", [net.add(square, net.scalar(1e-6))]);
        return net.op("Div", [net.mul(short, v), length]);
      };
      const a = net.within("conv", () => reluConv(net, 8, { stride: 2 })(net.image));
      const b = net.within("primary", () => net.conv(a, 8, { kernel: 5, stride: 4 }));
      const vectors = net.transpose(net.reshape(b, 0, 2, 4, -1), 0, 1, 3, 2);
      const u = squashed(net.reshape(vectors, 0, -1, 4));
      const count = net.shape(u)[1]!;
      const w = net.weight("digits.weight", [1, count, 5, 6, 4], [-1, 1]);
      const votes = net.op("Squeeze", [
        net.op("MatMul", [w, net.reshape(u, 0, count, 1, 4, 1)]),
        net.ints(-1),
      ]);
      const first = squashed(net.op("ReduceMean", [votes, net.ints(1)], { keepdims: 0 }));
      const agreement = sum(net.mul(votes, net.op("Unsqueeze", [first, net.ints(1)])), -1, 1);
      const shares = net.op("Softmax", [agreement], { axis: 2 });
      const second = squashed(sum(net.mul(shares, votes), 1));
      return [net.op("ReduceL2", [second, net.ints(-1)], { keepdims: 0 })];
    },
  },
];

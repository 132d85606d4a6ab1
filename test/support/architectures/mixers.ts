import type { Value } from "../../../lib/onnx/model.ts";
import type { Architecture } from "./architecture.ts";
import type { NetBuilder } from "./builder.ts";
import { last, perceptron, patches, tokensOf } from "./tokens.ts";

function convNeXt(net: NetBuilder, x: Value, isSecond: boolean): Value {
  const width = net.channels(x);
  const a = net.within("conv_dw", () => net.conv(x, width, { kernel: 7, groups: width }));
  const b = net.within("norm", () => net.layerNorm(net.transpose(a, 0, 2, 3, 1)));
  const wide = net.gelu(net.within("fc1", () => net.linear(b, 2 * width)));
  // global response normalisation: each feature by how much of all there is of it
  const norms = isSecond ? net.op("ReduceL2", [wide, net.ints(1, 2)], { keepdims: 1 }) : "";
  const share = norms && net.op("Div", [norms, net.add(net.mean(norms, [-1]), net.scalar(1e-6))]);
  const responses = share
    ? net.add(net.mul(net.mul(wide, share), net.weight("grn", [2 * width])), wide)
    : wide;
  const c = net.within("fc2", () => net.linear(responses, width));
  const scaled = isSecond ? c : net.mul(c, net.weight("gamma", [width], [0.2, 0.9]));
  return net.add(x, net.transpose(scaled, 0, 3, 1, 2));
}

export const mixers: readonly Architecture[] = [
  {
    name: "ConvNeXt",
    style: "dynamo",
    opset: 18,
    build: (net) => [
      net.head(
        net.stage(
          "stages",
          patches(net, 8),
          [0, 1].map(() => (x: Value) => convNeXt(net, x, false)),
        ),
      ),
    ],
  },
  {
    name: "ConvNeXt v2",
    style: "torchscript",
    opset: 16,
    build: (net) => [
      net.head(
        net.stage(
          "stages",
          patches(net, 8),
          [0, 1].map(() => (x: Value) => convNeXt(net, x, true)),
        ),
      ),
    ],
  },
  {
    name: "MLP-Mixer",
    style: "torchscript",
    opset: 13,
    build: (net) => {
      const mixer = (x: Value) => {
        const turned = net.transpose(
          net.within("norm1", () => net.layerNorm(x)),
          0,
          2,
          1,
        );
        const a = net.add(
          x,
          net.transpose(
            net.within("tokens", () => perceptron(net, turned)),
            0,
            2,
            1,
          ),
        );
        return net.add(
          a,
          perceptron(
            net,
            net.within("norm2", () => net.layerNorm(a)),
          ),
        );
      };
      const x = net.stage("blocks", tokensOf(net, patches(net, 8)), [mixer, mixer]);
      return [net.within("head", () => net.linear(net.mean(last(net, x), [1], 0), 7))];
    },
  },
  {
    name: "PoolFormer",
    style: "torchscript",
    opset: 15,
    build: (net) => {
      const pooling = (x: Value) => {
        const normed = net.within("norm1", () => net.groupNorm(x, 1));
        return net.add(x, net.op("Sub", [net.averagePool(normed, 3, 1, 1), normed]));
      };
      return [net.head(net.stage("network", patches(net, 8), [pooling, pooling]))];
    },
  },
];

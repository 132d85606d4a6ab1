import type { Value } from "../../../lib/onnx/model.ts";
import type { Architecture } from "./architecture.ts";
import type { NetBuilder } from "./builder.ts";
import { classic } from "./classic.ts";
import { detectors } from "./detectors.ts";
import { maps } from "./maps.ts";
import { mixers } from "./mixers.ts";
import { mobile } from "./mobile.ts";
import { asDynamic, asQdq, asQOperators } from "./quantise.ts";
import { residual } from "./residual.ts";
import { transformers } from "./transformers.ts";

/** Convolutions with bias and rectifier, as normalisation leaves them where it is folded in. */
function plainConv(net: NetBuilder, x: Value, filters: number, stride = 1): Value {
  return net.relu(net.conv(x, filters, { stride }));
}

function plainResNet(net: NetBuilder): Value {
  const a = net.within("conv1", () => plainConv(net, net.image, 8, 2));
  const b = net.within("layer1.conv1", () => plainConv(net, a, 8));
  const c = net.relu(
    net.add(
      net.within("layer1.conv2", () => net.conv(b, 8)),
      a,
    ),
  );
  return net.within("layer2.conv1", () => plainConv(net, net.maxPool(c, 2), 10));
}

const named = (architectures: readonly Architecture[], name: string): Architecture => {
  const found = architectures.find((each) => each.name === name);
  if (!found) throw new Error(`there is no architecture '${name}'`);
  return found;
};

/** Images of other planes than three. */
const planes: readonly Architecture[] = [
  {
    name: "MNIST digits",
    style: "torchscript",
    opset: 8,
    image: [1, 14, 12],
    build: (net) => {
      const a = net.within("conv1", () => plainConv(net, net.image, 6));
      const b = net.within("conv2", () => plainConv(net, net.maxPool(a, 2), 8));
      const flat = net.op("Flatten", [net.maxPool(b, 2)], { axis: 1 });
      return [net.within("fc", () => net.linear(flat, 10))];
    },
  },
  {
    name: "Keyword spotting on a spectrogram",
    style: "keras",
    opset: 13,
    image: [1, 20, 16],
    traits: ["NHWC"],
    build: (net) => {
      const spectrum = net.transpose(net.image, 0, 3, 1, 2);
      const a = net.within("conv", () => plainConv(net, spectrum, 8, 2));
      const b = net.within("depthwise", () => net.relu(net.conv(a, 8, { groups: 8 })));
      const c = net.within("pointwise", () => net.relu(net.conv(b, 8, { kernel: 1 })));
      return [net.softmax(net.head(c))];
    },
  },
  {
    name: "Land cover of five bands",
    style: "dynamo",
    opset: 18,
    image: [5, 16, 20],
    build: (net) => {
      const a = net.within("stem", () => plainConv(net, net.image, 8, 2));
      const b = net.within("body", () => net.add(a, plainConv(net, a, 8)));
      return [net.within("classes", () => net.conv(net.upsample(b, 2), 4, { kernel: 1 }))];
    },
  },
];

/** Files that are another form of what is above. */
const forms: readonly Architecture[] = [
  {
    ...named(residual, "ResNet-18"),
    name: "ResNet-18, half precision",
    style: "torchscript",
    opset: 16,
    traits: ["float16"],
  },
  {
    ...named(mobile, "MobileNet v2"),
    name: "MobileNet v2, half precision",
    style: "keras",
    opset: 12,
    traits: ["float16"],
  },
  {
    name: "ResNet, QDQ",
    style: "torchscript",
    opset: 13,
    traits: ["QDQ"],
    build: (net) => [net.head(plainResNet(net))],
    change: asQdq,
  },
  { ...named(transformers, "DeiT"), name: "DeiT, QDQ", traits: ["QDQ"], change: asQdq },
  {
    name: "ResNet, QOperator",
    style: "torchscript",
    opset: 11,
    traits: ["QOperator"],
    build: (net) => [plainResNet(net)],
    change: asQOperators,
  },
  {
    ...named(transformers, "ViT"),
    name: "ViT, dynamic",
    traits: ["dynamic int8"],
    change: asDynamic,
  },
];

/** The architectures of the table in lib/networks/README.md. */
export const ARCHITECTURES: readonly Architecture[] = [
  ...classic,
  ...residual,
  ...mobile,
  ...transformers,
  ...mixers,
  ...maps,
  ...detectors,
  ...planes,
  ...forms,
];

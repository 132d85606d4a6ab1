import type { Value } from "../../../lib/onnx/model.ts";
import { type Architecture, convBlock } from "./architecture.ts";
import type { NetBuilder } from "./builder.ts";

const double = (net: NetBuilder, x: Value, filters: number) =>
  net.chain(
    x,
    [0, 1].map(() => (y: Value) => convBlock(net, y, filters)),
  );

/** Down and up again, with what was seen on the way down beside it. */
function uNet(net: NetBuilder, up: (x: Value, filters: number) => Value): Value {
  const a = net.within("inc", () => double(net, net.image, 6));
  const b = net.within("down1", () => double(net, net.maxPool(a, 2), 8));
  const c = net.within("down2", () => double(net, net.maxPool(b, 2), 10));
  const d = net.within("up1", () =>
    double(net, net.concat([b, net.within("up", () => up(c, 8))]), 8),
  );
  const e = net.within("up2", () =>
    double(net, net.concat([a, net.within("up", () => up(d, 6))]), 6),
  );
  return net.within("outc", () => net.conv(e, 3, { kernel: 1 }));
}

export const maps: readonly Architecture[] = [
  {
    name: "U-Net",
    style: "torchscript",
    opset: 11,
    build: (net) => [uNet(net, (x, filters) => net.transposedConv(x, filters))],
  },
  {
    name: "U-Net with linear upsampling",
    style: "dynamo",
    opset: 18,
    build: (net) => [uNet(net, (x) => net.upsample(x, 2, "linear"))],
  },
  {
    name: "DeepLab",
    style: "torchscript",
    opset: 13,
    build: (net) => {
      const x = net.within("backbone", () =>
        convBlock(net, convBlock(net, net.image, 8, { stride: 2 }), 10, { stride: 2 }),
      );
      const [, , h = 1, w = 1] = net.shape(x);
      const branches = [1, 2, 3].map((dilation, i) =>
        net.within(`aspp.${i}`, () => convBlock(net, x, 6, { dilation, kernel: i === 0 ? 1 : 3 })),
      );
      const whole = net.within("aspp.pool", () =>
        net.resizeTo(convBlock(net, net.globalPool(x), 6, { kernel: 1 }), h, w),
      );
      const all = net.within("project", () =>
        convBlock(net, net.concat([...branches, whole]), 8, { kernel: 1 }),
      );
      return [
        net.resizeTo(
          net.within("classifier", () => net.conv(all, 5, { kernel: 1 })),
          24,
          20,
        ),
      ];
    },
  },
  {
    name: "HRNet",
    style: "torchscript",
    opset: 9,
    build: (net) => {
      const high = net.within("stage1", () => convBlock(net, net.image, 8, { stride: 2 }));
      const low = net.within("transition", () => convBlock(net, high, 10, { stride: 2 }));
      const lifted = net.upsample(
        net.within("fuse", () => convBlock(net, low, 8, { kernel: 1, act: "none" })),
        2,
      );
      return [
        net.within("last", () => net.conv(net.relu(net.add(high, lifted)), 4, { kernel: 1 })),
      ];
    },
  },
  {
    name: "PP-OCR detection",
    style: "paddle",
    opset: 11,
    build: (net) => {
      const swish = (x: Value, filters: number, stride = 1) =>
        convBlock(net, x, filters, { stride, act: "hardSwish" });
      const a = net.within("backbone", () => swish(net.image, 8, 2));
      const b = net.within("stage", () => swish(a, 10, 2));
      const fused = net.within("neck", () =>
        net.add(net.conv(a, 8, { kernel: 1 }), net.upsample(net.conv(b, 8, { kernel: 1 }), 2)),
      );
      const up = net.within("head", () => net.relu(net.batchNorm(net.transposedConv(fused, 6))));
      return [net.sigmoid(net.within("map", () => net.conv(up, 1, { kernel: 3 })))];
    },
  },
  {
    name: "PP-OCR recognition",
    style: "paddle",
    opset: 12,
    image: [3, 16, 40],
    build: (net) => {
      const swish = (x: Value, filters: number, stride: readonly [number, number]) =>
        convBlock(net, x, filters, { stride, act: "hardSwish" });
      const a = net.within("conv1", () => swish(net.image, 6, [2, 1]));
      const b = net.within("conv2", () => swish(a, 8, [2, 2]));
      const c = net.within("conv3", () => swish(b, 10, [2, 2]));
      const row = net.op("AveragePool", [c], { kernel_shape: [2, 2], strides: [2, 2] });
      const letters = net.transpose(net.op("Squeeze", [row, net.ints(2)]), 0, 2, 1);
      return [net.softmax(net.within("ctc_fc", () => net.linear(letters, 9)))];
    },
  },
  {
    name: "CRNN",
    style: "torchscript",
    opset: 16,
    image: [3, 16, 40],
    build: (net) => {
      const features = net.stage("cnn", net.image, [
        (x) => net.relu(net.conv(x, 6)),
        (x) => net.maxPool(x, 2),
        (x) => net.relu(net.conv(x, 8, { stride: [8, 2] })),
      ]);
      const steps = net.transpose(net.op("Squeeze", [features, net.ints(2)]), 2, 0, 1);
      const rnn = (x: Value, hidden: number) => {
        const scale = Math.sqrt(1 / hidden);
        const size = (rows: number): [readonly number[], readonly [number, number]] => [
          [2, 4 * hidden, rows],
          [-scale, scale],
        ];
        const weights = [
          net.weight("weight_ih", ...size(net.shape(x)[2]!)),
          net.weight("weight_hh", ...size(hidden)),
          net.weight("bias", [2, 8 * hidden], [-scale, scale]),
        ];
        const attributes = { hidden_size: hidden, direction: "bidirectional" };
        const y = net.op("LSTM", [x, ...weights], attributes);
        return net.reshape(net.transpose(y, 0, 2, 1, 3), 0, 0, -1);
      };
      const read = net.stage("rnn", steps, [(x) => rnn(x, 5), (x) => rnn(x, 4)]);
      return [net.within("fc", () => net.linear(net.transpose(read, 1, 0, 2), 9))];
    },
  },
  {
    name: "ESPCN",
    style: "torchscript",
    opset: 13,
    build: (net) => {
      const a = net.within("conv1", () => net.op("Tanh", [net.conv(net.image, 8, { kernel: 5 })]));
      const b = net.within("conv2", () => net.op("Tanh", [net.conv(a, 6)]));
      return [
        net.op("DepthToSpace", [net.within("conv3", () => net.conv(b, 12))], {
          blocksize: 2,
          mode: "CRD",
        }),
      ];
    },
  },
  {
    name: "Style transfer",
    style: "torchscript",
    opset: 10,
    build: (net) => {
      const padded = (x: Value) =>
        net.op("Pad", [x, net.ints(0, 0, 1, 1, 0, 0, 1, 1), net.scalar(0)], { mode: "reflect" });
      const norm = (x: Value) =>
        net.op("InstanceNormalization", [
          x,
          net.weight("weight", [net.channels(x)], [0.6, 1.4]),
          net.weight("bias", [net.channels(x)], [-0.2, 0.2]),
        ]);
      const layer = (x: Value, filters: number, stride = 1) =>
        net.relu(norm(net.conv(padded(x), filters, { stride, pad: 0 })));
      const a = net.within("conv1", () => layer(net.image, 6));
      const b = net.within("conv2", () => layer(a, 8, 2));
      const c = net.within("res1", () =>
        net.add(b, norm(net.conv(padded(layer(b, 8)), 8, { pad: 0 }))),
      );
      return [net.within("deconv", () => layer(net.upsample(c, 2), 3))];
    },
  },
];

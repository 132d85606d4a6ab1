import type { Value } from "../../../lib/onnx/model.ts";
import { floatTensor } from "../../../lib/onnx/tensor.ts";
import { type Architecture, convBlock } from "./architecture.ts";
import type { NetBuilder } from "./builder.ts";

const silu = (net: NetBuilder, x: Value, filters: number, kernel = 3, stride = 1) =>
  convBlock(net, x, filters, { kernel, stride, act: "silu" });

/** Half of the channels through bottlenecks, beside the other half. */
function crossStage(net: NetBuilder, x: Value, filters: number): Value {
  const half = filters / 2;
  const a = net.within("cv1", () => silu(net, x, half, 1));
  const b = net.within("m", () => net.add(a, silu(net, silu(net, a, half, 1), half)));
  const c = net.within("cv2", () => silu(net, x, half, 1));
  return net.within("cv3", () => silu(net, net.concat([b, c]), filters, 1));
}

/** Boxes of anchors: [N, anchors (5 + classes), H, W] as [N, anchors H W, 5 + classes]. */
function boxes(net: NetBuilder, x: Value, anchors: number): Value {
  const [n = 1, c = 1, h = 1, w = 1] = net.shape(x);
  const apart = net.transpose(net.reshape(x, n, anchors, c / anchors, h, w), 0, 1, 3, 4, 2);
  return net.reshape(net.sigmoid(apart), n, anchors * h * w, c / anchors);
}

/** Every second pixel of four grids. */
const focus = (net: NetBuilder): Value =>
  net.concat(
    [0, 1].flatMap((column) =>
      [0, 1].map((row) => net.slice(net.slice(net.image, 2, row, 24, 2), 3, column, 20, 2)),
    ),
  );

function pyramid(net: NetBuilder): readonly Value[] {
  const a = net.within("backbone", () =>
    net.within("c3", () => convBlock(net, net.image, 8, { stride: 2 })),
  );
  const b = net.within("backbone", () =>
    net.within("c4", () => convBlock(net, a, 12, { stride: 2 })),
  );
  const lateral = (name: string, x: Value) =>
    net.within("fpn", () => net.within(name, () => net.conv(x, 6, { kernel: 1 })));
  const top = lateral("inner_blocks.1", b);
  return [net.add(lateral("inner_blocks.0", a), net.upsample(top, 2)), top];
}

export const detectors: readonly Architecture[] = [
  {
    name: "RetinaNet",
    style: "dynamo",
    opset: 18,
    build: (net) => {
      const levels = pyramid(net);
      const heads = levels.map((level, i) =>
        net.within(`head.${i}`, () =>
          boxes(net, net.conv(net.relu(net.conv(level, 6)), 14, {}), 2),
        ),
      );
      return [net.concat(heads)];
    },
  },
  {
    name: "SSDLite",
    style: "torchscript",
    opset: 11,
    build: (net) => {
      const heads = pyramid(net).map((level, i) =>
        net.within(`head.${i}`, () => {
          const a = net.within("dw", () => convBlock(net, level, 6, { groups: 6, act: "relu6" }));
          const rows = net.transpose(net.conv(a, 8, { kernel: 1 }), 0, 2, 3, 1);
          return net.reshape(rows, 1, -1, 4);
        }),
      );
      return [net.softmax(net.concat(heads))];
    },
  },
  {
    name: "YOLO v5",
    style: "torchscript",
    opset: 12,
    build: (net) => {
      const a = net.stage("model", focus(net), [
        (x) => silu(net, x, 8),
        (x) => crossStage(net, x, 8),
        (x) => silu(net, x, 12, 3, 2),
      ]);
      const pools = net.within("sppf", () => {
        const squeezed = silu(net, a, 6, 1);
        const once = net.maxPool(squeezed, 5, 1, 2);
        return silu(net, net.concat([squeezed, once, net.maxPool(once, 5, 1, 2)]), 12, 1);
      });
      const up = net.within("head", () =>
        crossStage(
          net,
          net.concat([net.upsample(pools, 2), net.within("skip", () => silu(net, focus(net), 8))]),
          8,
        ),
      );
      return [
        boxes(
          net,
          net.within("detect", () => net.conv(up, 14, { kernel: 1 })),
          2,
        ),
      ];
    },
  },
  {
    name: "YOLO v8",
    style: "dynamo",
    opset: 19,
    build: (net) => {
      const a = net.within("model.0", () => silu(net, net.image, 8, 3, 2));
      const [left = "", right = ""] = net.split(
        net.within("model.1", () => silu(net, a, 12, 1)),
        1,
        6,
        6,
      );
      const b = net.within("m", () => net.add(right, silu(net, right, 6)));
      const map = net.within("model.2", () => silu(net, net.concat([left, right, b]), 8, 3, 2));
      const bins = 4;
      const sides = net.within("cv2", () => net.conv(map, 4 * bins, { kernel: 1 }));
      const [, , h = 1, w = 1] = net.shape(sides);
      // a side of a box is the mean of what each bin stands for
      const shares = net.softmax(net.transpose(net.reshape(sides, 1, 4, bins, h * w), 0, 3, 1, 2));
      const lengths = net.op("MatMul", [
        shares,
        net.constant(floatTensor([bins, 1], [0, 1, 2, 3])),
      ]);
      const classes = net.within("cv3", () => net.sigmoid(net.conv(map, 5, { kernel: 1 })));
      const rows = net.transpose(net.reshape(classes, 1, 5, h * w), 0, 2, 1);
      return [net.concat([net.reshape(lengths, 1, h * w, 4), rows], 2)];
    },
  },
  {
    name: "BlazeFace",
    style: "keras",
    opset: 12,
    traits: ["NHWC"],
    build: (net) => {
      const x = net.within("stem", () =>
        net.relu(net.conv(net.transpose(net.image, 0, 3, 1, 2), 8, { kernel: 5, stride: 2 })),
      );
      const slope = net.within("p_re_lu", () => net.weight("alpha", [10, 1, 1], [0.1, 0.4]));
      const dw = net.within("depthwise", () => net.conv(x, 8, { kernel: 3, stride: 2, groups: 8 }));
      const a = net.within("pointwise", () => net.conv(dw, 10, { kernel: 1 }));
      // fewer channels come from before: zeros beside them
      const beside = net.op(
        "Pad",
        [net.maxPool(x, 2), net.ints(0, 0, 0, 0, 0, 2, 0, 0), net.scalar(0)],
        { mode: "constant" },
      );
      const b = net.op("PRelu", [net.add(a, beside), slope]);
      const scores = net.transpose(
        net.within("classificator", () => net.conv(b, 4, { kernel: 1 })),
        0,
        2,
        3,
        1,
      );
      return [net.sigmoid(net.reshape(scores, 1, -1, 2))];
    },
  },
  {
    name: "MobileNet SSD",
    style: "keras",
    opset: 13,
    traits: ["NHWC", "uint8 image"],
    build: (net) => {
      const pixels = net.op("Cast", [net.image], { to: 1 });
      const centred = net.op("Sub", [net.mul(pixels, net.scalar(1 / 127.5)), net.scalar(1)]);
      const x = net.within("stem", () =>
        convBlock(net, net.transpose(centred, 0, 3, 1, 2), 8, { stride: 2, act: "relu6" }),
      );
      const a = net.within("block", () => convBlock(net, x, 10, { stride: 2, act: "relu6" }));
      const rows = net.transpose(
        net.within("boxes", () => net.conv(a, 8, { kernel: 1 })),
        0,
        2,
        3,
        1,
      );
      return [net.reshape(rows, 1, -1, 4)];
    },
  },
];

import { type ReportSheet, reportSheetSchema } from "../../../local/report/report-sheet.ts";

/** Ends attributes, elements, scripts and comments. */
export const ATTACK = `'"--></title></style></script><img src=x onerror=alert(1)>`;

interface Changes {
  readonly label?: string;
  readonly layer?: string;
  readonly network?: string;
  readonly reason?: string;
  readonly title?: string;
  readonly notice?: string;
  /** Key of the picture's animation. */
  readonly animation?: string;
  /** Of the sheet. */
  readonly columns?: number;
}

/** A sheet with a tile in each of its states; channel 3 has a picture, of 30 x 20. */
export function sampleSheet({
  label = "snail",
  layer = "conv2",
  network = "net",
  reason = "out of memory",
  title = "",
  notice = "one image at a time",
  animation,
  columns,
}: Changes = {}): ReportSheet {
  const quality = {
    luminanceDeviation: 0.12,
    fineShare: 0.04,
    source: { activation: 5, probability: 0.9, rank: 1, robustness: 0.4 },
    selective: true,
    marks: ["fragile"],
    redrawn: true,
  };
  return reportSheetSchema.parse({
    state: "running",
    jobId: "a1",
    total: 4,
    ok: 1,
    failed: 1,
    cancelled: 1,
    network: { id: network },
    layer: { index: 2, name: layer },
    request: {
      method: "deepdream",
      channels: [3, 1, 4, 5],
      numIterations: 3,
      pyramidLevels: 2,
      seed: 0,
      montage: { title, labels: null, gridSize: columns === undefined ? null : [null, columns] },
    },
    quality: null,
    tiles: [
      {
        channel: 3,
        label,
        state: "ok",
        tile: { key: "jobs/a1/tiles/00003.png", width: 30, height: 20 },
        ...(animation !== undefined && { animation: { key: animation, seconds: 0.6 } }),
        activation: 6.25,
        activations: [
          [1, 2, 4],
          [3, 5, 6.25],
        ],
        seconds: 1.5,
        seed: 1000,
        restarts: 0,
        quality,
        notices: [notice],
      },
      { channel: 1, label: null, state: "failed", reason },
      { channel: 4, label: null, state: "cancelled" },
      { channel: 5, label: null, state: "waiting" },
    ],
  });
}

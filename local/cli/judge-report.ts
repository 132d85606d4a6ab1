import { basename } from "node:path";

import { channelPlace } from "../../lib/optvis/ascent/task.ts";
import { RECOGNISED } from "../../lib/optvis/quality/judgement.ts";
import { several } from "../several.ts";
import type { Report } from "./report.ts";
import { table } from "./terminal.ts";

interface Picture {
  /** Its number on the sheet, 1-based. */
  readonly channel: number;
  readonly label: string | null;
}

/** What the judge saw, or why it saw nothing. */
export type JudgedPicture = Picture &
  (
    | { readonly rank: number; readonly probability: number; readonly seen: string }
    | { readonly problem: string }
  );

export function judgementReport(pictures: readonly JudgedPicture[]): Report {
  const judged = pictures.flatMap((picture) => ("rank" in picture ? [picture] : []));
  const shareOf = (most: number) => shareWhere(judged, ({ rank }) => rank <= most);
  const [top1, top5] = [shareOf(1), shareOf(5)];
  const summary = {
    judged: judged.length,
    left: pictures.length - judged.length,
    top1,
    top5,
    meanProbability: judged.reduce((sum, each) => sum + each.probability, 0) / judged.length || 0,
    recognised: top1 >= RECOGNISED.top1 && top5 >= RECOGNISED.top5,
  };
  const rows = pictures.map((picture) => [
    String(picture.channel),
    picture.label ?? "",
    ...("rank" in picture
      ? [String(picture.rank), picture.probability.toFixed(3), picture.seen]
      : ["", "", `(${picture.problem})`]),
  ]);
  const wanted = `at least ${RECOGNISED.top1} / ${RECOGNISED.top5}`;
  const verdict =
    judged.length === 0
      ? "nothing to judge: no picture has a label that is a class of the judge's"
      : `${judged.length} judged, ${summary.left} left out: top-1 ${top1.toFixed(2)}, top-5 ${top5.toFixed(2)} (wanted ${wanted}), mean probability ${summary.meanProbability.toFixed(2)}`;
  return {
    text: `${table(["", "Class", "Rank", "Probability", "Seen"], rows, [0, 2, 3])}\n\n${verdict}`,
    json: { judgement: { ...summary, pictures } },
  };
}

/** A picture, and what it does to the layer. */
export interface ShownPicture extends Picture {
  readonly path: string;
  /** The channel that it is to excite, 1-based. */
  readonly raised: number;
  /** Of all the layer's channels. */
  readonly activations: Float32Array;
}

/** A photograph, and what it does to the layer. */
export interface Photo {
  readonly path: string;
  /** Of all the layer's channels. */
  readonly activations: Float32Array;
}

/** Photographs that are named for each channel: those that excite it most. */
const TOP_PHOTOS = 4;

/** How a picture stands beside others on its own channel. */
export interface ChannelComparison extends Picture {
  /** Mean of the channel's map. */
  readonly activation: number;
  /** Share of the pictures of other channels that excite it less; `null`: there are none. */
  readonly aboveOthers: number | null;
  /** Share of the photographs that do; `null`: there are none. */
  readonly abovePhotos: number | null;
  /** The photographs that excite it most, that one first which does so more than all others. */
  readonly topPhotos: readonly { readonly path: string; readonly activation: number }[];
}

export function compareChannels(
  pictures: readonly ShownPicture[],
  photos: readonly Photo[],
): ChannelComparison[] {
  const ofPhotos = photos.map((photo) => photo.activations);
  return pictures.map(({ channel, raised, label, activations }) => {
    const place = channelPlace(raised);
    const activation = activations[place]!;
    const shareBelow = (others: readonly Float32Array[]) =>
      others.length === 0 ? null : shareWhere(others, (other) => other[place]! < activation);
    const others = pictures
      .filter((other) => other.raised !== raised)
      .map((other) => other.activations);
    const comparison = { aboveOthers: shareBelow(others), abovePhotos: shareBelow(ofPhotos) };
    return { channel, label, activation, ...comparison, topPhotos: topPhotos(photos, place) };
  });
}

/** @param place of the channel, 0-based */
function topPhotos(photos: readonly Photo[], place: number): ChannelComparison["topPhotos"] {
  // what is not finite comes last
  const order = ({ activation }: { readonly activation: number }) =>
    Number.isFinite(activation) ? activation : -Infinity;
  return photos
    .map(({ path, activations }) => ({ path, activation: activations[place]! }))
    .toSorted((a, b) => order(b) - order(a))
    .slice(0, TOP_PHOTOS);
}

/** @param left pictures of the sheet that are lost, or raise no single channel */
export function comparisonReport(
  compared: readonly ChannelComparison[],
  { left, photos }: { readonly left: number; readonly photos: number },
): Report {
  const first = (figure: "aboveOthers" | "abovePhotos") => {
    const figures = compared.map((each) => each[figure]).filter((value) => value !== null);
    return figures.length === 0 ? null : shareWhere(figures, (value) => value === 1);
  };
  const summary = {
    compared: compared.length,
    left,
    photos,
    firstAmongOthers: first("aboveOthers"),
    firstAmongPhotos: first("abovePhotos"),
  };
  const share = (value: number | null) => (value === null ? "" : value.toFixed(2));
  const rows = compared.map((each) => [
    String(each.channel),
    each.label ?? "",
    each.activation.toPrecision(4),
    share(each.aboveOthers),
    share(each.abovePhotos),
    basename(each.topPhotos[0]?.path ?? ""),
  ]);
  const parts = [
    summary.firstAmongOthers === null
      ? []
      : `more than any other picture of the sheet ${summary.firstAmongOthers.toFixed(2)}`,
    summary.firstAmongPhotos === null
      ? []
      : `more than any of ${several(photos, "photograph")} ${summary.firstAmongPhotos.toFixed(2)} (aim 0.95)`,
  ].flat();
  const titles = ["", "Label", "Activation", "Above others", "Above photos", "Top photo"];
  const more = left > 0 ? `; ${left} that raise no single channel, or are lost, left out` : "";
  const verdict =
    compared.length === 0
      ? "nothing to compare: no picture of the sheet raises a single channel"
      : `share of ${several(compared.length, "picture")} that excite their own channel: ${parts.join(", ") || "nothing to compare with"}${more}`;
  return {
    text: `${table(titles, rows, [0, 2, 3, 4])}\n\n${verdict}`,
    json: { comparison: { ...summary, pictures: compared } },
  };
}

function shareWhere<T>(items: readonly T[], holds: (item: T) => boolean): number {
  return items.length === 0 ? 0 : items.filter(holds).length / items.length;
}

import { SHEET_ENDINGS, type SheetFormat } from "../image/formats.ts";
import { MAX_CHANNEL_INDEX } from "./limits.ts";

/**
 * Object keys, the only place that spells them. The cloud stack imports this file for its
 * notification rules and permissions, so it imports constants only.
 *
 *     requests/<name>.json               drop zone
 *     responses/<name>.json              accepted with the job id, or rejected with the problems
 *     uploads/<name>                     initial images sent through a presigned link
 *     atlases/<name>.json                jobs that draw a network layer by layer, under one name
 *     models/<id>/network.json, <file>   networks
 *     explanations/<id>/...              why a network sees a class in an image: question and result
 *     checkpoints/<jobId>/<round>/...    images that are being drawn, while they are
 *     jobs/<jobId>/...                   one job, see the functions below
 *     jobs/<jobId>/retries/<round>/...   what a later round of it adds, in the same shape
 */
export const REQUEST_PREFIX = "requests/";
export const RESPONSE_PREFIX = "responses/";
export const ATLAS_PREFIX = "atlases/";
export const EXPLANATION_PREFIX = "explanations/";
export const UPLOAD_PREFIX = "uploads/";
export const MODEL_PREFIX = "models/";
export const JOB_PREFIX = "jobs/";
/** In each round's folder. */
export const ENDED_FOLDER = "ended/";
export const CHECKPOINT_PREFIX = "checkpoints/";

/** One S3 notification rule; no two of one bucket may match the same key. */
export interface NotificationRule {
  readonly prefix: string;
  readonly suffix: string;
}

export const REQUEST_NOTIFICATION: NotificationRule = {
  prefix: REQUEST_PREFIX,
  suffix: ".json",
};

/**
 * A rule cannot say `jobs/<any>/results/`, but of all keys under `jobs/` only those of results end
 * in a digit and `.json`. So the assembler is never woken by what it writes itself.
 */
export const RESULT_NOTIFICATIONS: readonly NotificationRule[] = Array.from(
  { length: 10 },
  (_, digit) => ({ prefix: JOB_PREFIX, suffix: `${digit}.json` }),
);

/** Ids of jobs and names in keys: no slash, no dot first, nothing that a path or URL could bend. */
const SAFE_NAME = /^[A-Za-z0-9_][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*$/;
/** Also what an idempotency key has to look like. */
export const JOB_ID = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;
/** That in words. */
export const JOB_ID_FORM = "1 to 64 letters, digits, '-' and '_', the first a letter or digit";
const jobFolder = (jobId: string) => `${JOB_PREFIX}${checkedJobId(jobId)}/`;

/** The normalised request; immutable. */
export const requestKey = (jobId: string) => `${jobFolder(jobId)}request.json`;
/** What the request resolved to; immutable, and the mark that the job exists. */
export const planKey = (jobId: string) => `${jobFolder(jobId)}plan.json`;
/** Of all rounds, a folder each. */
export const checkpointsPrefix = (jobId: string) => `${CHECKPOINT_PREFIX}${checkedJobId(jobId)}/`;

/** Where a piece of the Deep Zoom pyramid lies; all from 0, level 0 being one pixel. */
export interface DeepZoomPlace {
  readonly level: number;
  readonly column: number;
  readonly row: number;
}

export type RoundKeys = ReturnType<typeof roundKeys>;

/**
 * The keys of a round of a job; channels are 1-based. Rounds after the first, 0, have a folder
 * each: nothing that a round wrote ever changes.
 */
export function roundKeys(jobId: string, round = 0) {
  const retries = `${jobFolder(jobId)}retries/`;
  const folder = round === 0 ? jobFolder(jobId) : `${retries}${round}/`;
  const tiles = `${folder}tiles/`;
  const attempts = `${folder}attempts/`;
  const checkpoints = `${checkpointsPrefix(jobId)}${round}/`;
  const results = `${folder}results/`;
  return {
    /** That of the first round is the job's own. */
    folder,
    /** Folder of all rounds after the first. */
    retries,
    /** What a round from 1 on draws again; written once, and the mark that there is the round. */
    retry: `${folder}retry.json`,
    /** Every channel's message has been sent; written once. */
    dispatched: `${folder}dispatched.json`,
    /** The CPU workers have been given a job of the GPU's; written once. */
    fellBack: `${folder}fell-back.json`,
    /** The job is to stop; written once. */
    cancel: `${folder}cancel.json`,
    tiles,
    tile: (channel: number) => `${tiles}${channelName(channel)}.png`,
    /** Raw float32 pixels, when output scaling is off. */
    rawTile: (channel: number) => `${tiles}${channelName(channel)}.npy`,
    /** How the image came about, where the request wants it. */
    animation: (channel: number, format: string) => `${tiles}${channelName(channel)}.${format}`,
    /** The image as shapes, of one in ellipses. */
    svg: (channel: number) => `${tiles}${channelName(channel)}.svg`,
    attempts,
    /** How often the channel's image has been begun; overwritten. */
    attemptsOf: (channel: number) => `${attempts}${channelName(channel)}`,
    checkpoints,
    /** Where an image stands that a worker had no time to finish; overwritten, then deleted. */
    checkpoint: (channel: number) => `${checkpoints}${channelName(channel)}`,
    results,
    /** How a channel ended; written once, by whoever is first. */
    result: (channel: number) => `${results}${channelName(channel)}.json`,
    /** Progress snapshot; overwritten. */
    status: `${folder}status.json`,
    /** The sheet, where it fits one image. */
    montage: (format: SheetFormat = "png") => `${folder}montage${SHEET_ENDINGS[format]}`,
    /** Page of a sheet too large for one image, from 1. */
    montagePage: (page: number, format: SheetFormat = "png") =>
      `${folder}montage-pages/${String(page).padStart(3, "0")}${SHEET_ENDINGS[format]}`,
    /** Deep Zoom descriptor of a sheet too large for one image. */
    deepZoom: `${folder}montage.dzi`,
    deepZoomPiece: ({ level, column, row }: DeepZoomPlace) =>
      `${folder}montage_files/${level}/${column}_${row}.png`,
    manifest: `${folder}manifest.json`,
    /** How the round ends; written just before `complete.json`, for rules that ask for a state. */
    ended: (state: string) => `${folder}${ENDED_FOLDER}${state}`,
    /** The job has ended; written once. */
    complete: `${folder}complete.json`,
  };
}

/** Ids of explanations: the start of a hash of what was asked. */
export const EXPLANATION_ID = /^[0-9a-f]{32}$/;

/** The keys of a question and its explanation. */
export function explanationKeys(id: string) {
  if (!EXPLANATION_ID.test(id)) throw new RangeError(`internal: '${id}' is no explanation's id`);
  const folder = `${EXPLANATION_PREFIX}${id}/`;
  return {
    /** What is asked; written once. */
    question: `${folder}question.json`,
    /** When its message was sent; overwritten each time. */
    asked: `${folder}asked.json`,
    /** Why the message that was sent then was given up; overwritten. */
    givenUp: `${folder}given-up.json`,
    /** Which pixels speak for the class and against it, as a picture; before the explanation. */
    pixels: `${folder}pixels.png`,
    /** The explanation, or what is wrong with the question; written once. */
    result: `${folder}result.json`,
  };
}

export const uploadKey = (name: string) => `${UPLOAD_PREFIX}${checkedName(name)}`;

/** Characters. */
const LONGEST_READABLE = 40;

/**
 * What the key of an upload has of its file's name, for people who read it in labels; empty where
 * nothing is left of it.
 */
export function readableName(fileName: string): string {
  const plain = fileName.replace(/\.[^.]*$/, "").replaceAll(/[^A-Za-z0-9_-]+/g, "-");
  return plain.replace(/^-+/, "").slice(0, LONGEST_READABLE).replace(/-+$/, "");
}

export const modelKey = (networkId: string, file: string) =>
  `${MODEL_PREFIX}${checkedName(networkId)}/${checkedName(file)}`;

export const atlasKey = (name: string) => `${ATLAS_PREFIX}${checkedName(name)}.json`;
/** Where the request of one of an atlas's layers is put. @param layer 1-based index */
export const atlasRequestKey = (name: string, layer: number) =>
  `${REQUEST_PREFIX}${atlasKey(name).slice(0, -".json".length)}/${layer}.json`;

/** Whose layer a key of `atlasRequestKey` is of; `null` if `key` is another. */
export function atlasNameOf(key: string): string | null {
  const [, name] = /^requests\/atlases\/([^/]+)\/\d+\.json$/.exec(key) ?? [];
  return name !== undefined && SAFE_NAME.test(name) ? name : null;
}

/** Whether a key is that of an upload or a tile; a plain key without the tricks S3 would allow. */
export function isUploadKey(key: string): boolean {
  const isPlain =
    /^[^\p{C}\\]*$/u.test(key) && !key.split("/").some((part) => /^\.{0,2}$/.test(part));
  return isPlain && [UPLOAD_PREFIX, JOB_PREFIX].some((prefix) => key.startsWith(prefix));
}

/** What the files of a network in the bucket may be called. */
export const MODEL_FILE_NAME =
  /^(?:network\.json|data-[0-9a-f]{64}|[A-Za-z0-9][A-Za-z0-9_-]{0,99}(?:\.[A-Za-z0-9_-]{1,50}){0,3}\.(?:onnx|txt|data|bin|onnx_data))$/;
/** That in words, but for names made of content. */
export const MODEL_FILE_FORM =
  "a plain file name, of letters, digits, '_' and '-', ending in .onnx, .onnx_data, .data, .bin or " +
  '.txt, or "network.json"';

/**
 * A file beside a model, with weights of it: its own name where that can be part of a key, else one
 * made of its content.
 */
export const externalDataKey = (networkId: string, name: string, sha256: string) =>
  modelKey(networkId, MODEL_FILE_NAME.test(name) ? name : `data-${sha256}`);

/** `requests/a/b.json` is answered in `responses/a/b.json`; `null` if `key` is no request. */
export function responseKeyOf(key: string): string | null {
  const { prefix, suffix } = REQUEST_NOTIFICATION;
  if (!key.startsWith(prefix) || !key.endsWith(suffix)) return null;
  return RESPONSE_PREFIX + key.slice(prefix.length);
}

/** Job and channel (1-based) of a result's key; `null` if `key` is another object's. */
export function parseResultKey(key: string): { jobId: string; channel: number } | null {
  const match = /^jobs\/([^/]+)\/(?:retries\/\d+\/)?results\/(\d{5})\.json$/.exec(key);
  const [, jobId, channel] = match ?? [];
  if (jobId === undefined || channel === undefined || !JOB_ID.test(jobId)) return null;
  return { jobId, channel: Number(channel) };
}

/** Job of any key under `jobs/`; `null` for other keys. */
export function jobIdOf(key: string): string | null {
  const [, jobId] = /^jobs\/([^/]+)\//.exec(key) ?? [];
  return jobId !== undefined && JOB_ID.test(jobId) ? jobId : null;
}

/** Five digits, 1-based. */
function channelName(channel: number): string {
  if (!Number.isInteger(channel) || channel < 1 || channel > MAX_CHANNEL_INDEX) {
    throw new RangeError(`internal: channel ${channel} is not in 1..${MAX_CHANNEL_INDEX}`);
  }
  return String(channel).padStart(5, "0");
}

function checkedJobId(jobId: string): string {
  if (!JOB_ID.test(jobId)) throw new RangeError(`internal: '${jobId}' cannot be a job id`);
  return jobId;
}

function checkedName(name: string): string {
  if (!SAFE_NAME.test(name)) throw new RangeError(`internal: '${name}' cannot be part of a key`);
  return name;
}

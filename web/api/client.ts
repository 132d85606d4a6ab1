import type {
  Accepted,
  AcceptedAtlas,
  ChannelResultDocument,
  ChannelExamples,
  Circuit,
  ExpandedCircuit,
  ClassList,
  ExplanationDocument,
  JobDocument,
  JobList,
  JobSummary,
  LayerExamples,
  LayerFacts,
  LayerTable,
  NetworkList,
} from "./documents.ts";
import type { Schema } from "../state/schema.ts";

/** What the API says is wrong, sentence by sentence. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  /** Of HTTP; 0 where nothing answered. */
  readonly status: number;
  readonly problems: readonly string[];

  constructor(status: number, problems: readonly string[]) {
    super(problems.join("; "));
    this.status = status;
    this.problems = problems;
  }
}

/** Channels of a job that one answer lists: the most that the API gives. */
const CHANNELS_PER_PAGE = 500;
const JOBS_PER_PAGE = 100;

/** Whether nothing answered. */
export function isSilence(error: unknown): boolean {
  return error instanceof ApiError && error.status === 0;
}

/** The sentences of whatever went wrong. */
export function problemsOf(error: unknown): readonly string[] {
  if (error instanceof ApiError) return error.problems;
  return [error instanceof Error ? error.message : String(error)];
}

/**
 * Calls the API under the page's own address.
 *
 * @throws ApiError with what it says is wrong, or that it does not answer
 */
export async function call<Answer>(path: string, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(path, init).catch(() => {
    throw silence();
  });
  return answerOf(response.status, await response.text()) as Answer;
}

/**
 * Sends a file, and tells how much of it has been sent: `fetch` does not.
 *
 * @param onSent told of bytes
 * @throws ApiError as `call` does
 */
export function sendFile(
  path: string,
  file: File,
  onSent: (bytes: number) => void,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("PUT", path);
    request.upload.addEventListener("progress", ({ loaded }) => onSent(loaded));
    request.addEventListener("error", () => reject(silence()));
    request.addEventListener("load", () => {
      try {
        resolve(answerOf(request.status, request.responseText));
      } catch (error) {
        reject(error);
      }
    });
    request.send(file);
  });
}

const silence = () => new ApiError(0, ["the server does not answer; is it running?"]);

function answerOf(status: number, text: string): unknown {
  const json = parsed(text);
  if (status >= 200 && status < 300 && json !== null) return json;
  const { problems, message } = (json ?? {}) as { problems?: string[]; message?: string };
  throw new ApiError(status, problems ?? [message ?? `HTTP status ${status}`]);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** What posts a document. */
export const posting = (json: unknown): RequestInit => ({
  method: "POST",
  headers: { "Content-Type": "application/json" },
  body: JSON.stringify(json),
});

const segment = encodeURIComponent;

export const listNetworks = () => call<NetworkList>("networks");
export const removeNetwork = (network: string) =>
  call<unknown>(`networks/${segment(network)}`, { method: "DELETE" });
export const listClasses = (network: string) =>
  call<ClassList>(`networks/${segment(network)}/classes`);
export const getRequestSchema = () => call<Schema>("request.schema.json");
export const createJob = (request: unknown) => call<Accepted>("jobs", posting(request));
/** What the job would be; nothing begins. */
export const tryJob = (request: unknown) => call<Accepted>("jobs?dryRun=true", posting(request));
export const createAtlas = (request: unknown) => call<AcceptedAtlas>("atlases", posting(request));
/** Stops its jobs, those too that have not begun yet. */
export const cancelAtlas = (name: string) =>
  call<unknown>(`atlases/${segment(name)}`, { method: "DELETE" });
/** What photographs may be, as browsers tell by their names. */
export const PHOTOGRAPH_TYPES = ["image/png", "image/jpeg", "image/webp"];
export const isPhotograph = ({ type }: File) => PHOTOGRAPH_TYPES.includes(type);
/**
 * Sends an image to the bucket, where requests can name it by its key.
 *
 * @throws Error if it is no photograph; ApiError as `call` does
 */
export async function sendPhotograph(file: File): Promise<{ readonly key: string }> {
  if (!isPhotograph(file)) {
    const where = file.name.endsWith(".onnx") ? "; networks are added on the page Networks" : "";
    throw new Error(`photograph: given '${file.name}'; wanted a PNG, JPEG or WebP file${where}`);
  }
  const path = `page/photographs?name=${segment(file.name)}`;
  return call(path, { method: "POST", body: file });
}
export const createExplanation = (question: unknown) =>
  call<ExplanationDocument>("explanations", posting(question));
/** How it stands. */
export async function getExplanation(id: string): Promise<ExplanationDocument> {
  const { explanation, ...document } = await call<ExplanationDocument>(
    `explanations/${segment(id)}`,
  );
  // an older API tells of neither places nor pixels
  const { atPlaces = null, pixels = null } = explanation ?? {};
  return {
    ...document,
    pixels: document.pixels ?? null,
    explanation: explanation && { ...explanation, atPlaces, pixels },
  };
}
export const photographAddress = (id: string) => `explanations/${segment(id)}/image`;
/** Of the map of what its pixels contribute. */
export const pixelsAddress = (id: string) => `explanations/${segment(id)}/pixels`;
export const cancelJob = (jobId: string) =>
  call<JobDocument>(`jobs/${segment(jobId)}`, { method: "DELETE" });
export const retryJob = (jobId: string) =>
  call<unknown>(`jobs/${segment(jobId)}/retry`, { method: "POST" });
export const getResult = (jobId: string, channel: number) =>
  call<ChannelResultDocument>(`jobs/${segment(jobId)}/channels/${channel}`);
export const tileAddress = (jobId: string, channel: number) =>
  `jobs/${segment(jobId)}/tiles/${channel}`;
export const animationAddress = (jobId: string, channel: number) =>
  `jobs/${segment(jobId)}/animations/${channel}`;
export const svgAddress = (jobId: string, channel: number) =>
  `jobs/${segment(jobId)}/svgs/${channel}`;
export const sheetAddress = (jobId: string) => `jobs/${segment(jobId)}/sheet`;
export const pieceAddress = (jobId: string, level: number, column: number, row: number) =>
  `jobs/${segment(jobId)}/deep-zoom/${level}/${column}/${row}`;

/** The whole table. */
export async function listLayers(network: string): Promise<LayerTable> {
  const path = `networks/${segment(network)}/layers`;
  let page = await call<LayerTable>(path);
  const layers = [...page.layers];
  while (hasMore(page)) {
    page = await call<LayerTable>(`${path}?after=${layers.at(-1)!.index}`);
    layers.push(...page.layers);
  }
  return { ...page, file: page.file ?? UNKNOWN_FILE, layers: layers.map(withFigures) };
}

/* What an older API does not tell of. */
const UNKNOWN_FILE: LayerTable["file"] = { sizeBytes: null, producer: "", opsets: [] };
const withFigures = (layer: LayerTable["layers"][number]) => ({
  ...layer,
  multiplyAdds: layer.multiplyAdds ?? null,
  receptiveField: layer.receptiveField ?? null,
});

/** An older API has all in one answer, and no links. */
const hasMore = ({ links }: Partial<LayerTable>) => (links?.next ?? null) !== null;

export const getLayer = (network: string, index: number) =>
  call<LayerFacts>(`networks/${segment(network)}/layers/${index}`);

/** What a channel (1-based) is made of. */
export const getCircuit = (network: string, layer: number, channel: number) =>
  call<Circuit>(`networks/${segment(network)}/layers/${layer}/channels/${channel}/circuit`);

/** What it is made of in a layer further back, by that one's index. */
export const getExpandedCircuit = (network: string, layer: number, channel: number, from: number) =>
  call<ExpandedCircuit>(`page/circuits/${segment(network)}/${layer}/${channel}/${from}`);

/** The photographs of this machine that excite a channel (1-based) most, as far as they are known. */
export const getChannelExamples = (network: string, layer: number, channel: number) =>
  call<ChannelExamples>(`page/dataset/networks/${segment(network)}/${layer}/${channel}`);
/** The one that excites each channel of a layer most. */
export const getLayerExamples = (network: string, layer: number) =>
  call<LayerExamples>(`page/dataset/networks/${segment(network)}/${layer}`);

/** The job with all its channels. */
export async function getJob(jobId: string): Promise<JobDocument> {
  const pageAt = (offset: number) =>
    call<JobDocument>(`jobs/${segment(jobId)}?offset=${offset}&limit=${CHANNELS_PER_PAGE}`);
  const first = await pageAt(0);
  const channels = [...first.channels];
  while (channels.length < first.total) {
    const next = await pageAt(channels.length);
    if (next.channels.length === 0) break;
    channels.push(...next.channels);
  }
  return { ...first, channels };
}

/** Jobs, of one network or layer if it is given, newest first. */
export async function listJobs(
  of: { readonly network?: string | null; readonly layer?: number } = {},
): Promise<readonly JobSummary[]> {
  const ofNetwork = of.network ? `&network=${segment(of.network)}` : "";
  const filter = ofNetwork + (of.layer === undefined ? "" : `&layer=${of.layer}`);
  const jobs: JobSummary[] = [];
  let next: string | null = `jobs?limit=${JOBS_PER_PAGE}${filter}`;
  while (next !== null) {
    const page: JobList = await call<JobList>(next);
    jobs.push(...page.jobs);
    // relative to the host, with the API's stage before it where it has one
    next = page.links.next === null ? null : page.links.next.replace(/^.*\/jobs\?/, "jobs?");
  }
  return jobs.toSorted((a, b) => b.createdAt.localeCompare(a.createdAt));
}

import { ApiError, call, posting, sendFile } from "./client.ts";

/** What people can say of a network's pixels; what is left out is recognised from the network. */
export interface Pixels {
  readonly preprocessing?: string;
  readonly mean?: readonly number[];
  readonly scale?: readonly number[];
  readonly channelOrder?: string;
}

export interface Drop extends Pixels {
  /** What to call the network. */
  readonly network: string;
  /** The .onnx file and what lies beside it. */
  readonly files: readonly File[];
}

/** The file that is the network, where it is one; the others hold weights of it. */
export function modelFileOf(files: readonly File[]): File | null {
  const models = files.filter(({ name }) => name.toLowerCase().endsWith(".onnx"));
  return models.length === 1 ? models[0]! : null;
}

/** The file with the names of its classes, one a line; `null` where there is none. */
function labelsFileOf(files: readonly File[]): File | null {
  const texts = files.filter(({ name }) => name.toLowerCase().endsWith(".txt"));
  if (texts.length <= 1) return texts[0] ?? null;
  const names = texts.map(({ name }) => `'${name}'`).join(", ");
  throw new ApiError(0, [`files: given ${names}; wanted at most one .txt, with the class names`]);
}

/** An id for a network, after its file: "resnet18" of "ResNet 18.onnx". */
export function idOf(fileName: string): string {
  const stem = fileName.replace(/\.onnx$/i, "").replaceAll(/[^A-Za-z0-9_.-]+/g, "-");
  const id = stem.replaceAll(/\.{2,}/g, ".").replace(/^[^A-Za-z0-9]+/, "");
  return id.slice(0, 64).replace(/[.-]+$/, "") || "network";
}

export interface DropStep {
  readonly text: string;
  /** Of the bytes of all files, from 0 to 1, so much has been sent; `null`: all. */
  readonly sent: number | null;
}

/**
 * Sends a network's files, which are looked at before the network is published.
 *
 * @returns its id
 * @throws ApiError with what is wrong with it
 */
export async function dropNetwork(
  { files, network, ...pixels }: Drop,
  onProgress: (step: DropStep) => void,
): Promise<string> {
  const model = modelFileOf(files);
  const [first] = files;
  if (first === undefined || (model === null && files.length > 1)) {
    const names = files.map(({ name }) => `'${name}'`).join(", ") || "none";
    throw new ApiError(0, [
      `files: given ${names}; wanted an .onnx file and what lies beside it, one network at a time`,
    ]);
  }
  const labels = model && labelsFileOf(files);
  const { id } = await call<{ id: string }>("page/uploads", { method: "POST" });
  // of another framework's file the server says by its name alone how it becomes ONNX
  const sent = model === null ? [] : files;
  const total = sent.reduce((sum, { size }) => sum + size, 0);
  let before = 0;
  for (const file of sent) {
    const tell = (bytes: number) =>
      onProgress({ text: `sending ${file.name}`, sent: (before + bytes) / Math.max(total, 1) });
    tell(0);
    const path = `page/uploads/${id}/${encodeURIComponent(file.name)}`;
    await sendFile(path, file, tell);
    before += file.size;
  }
  onProgress({ text: "looking at its layers", sent: null });
  const answer = await call<{ network: string }>(
    `page/uploads/${id}`,
    posting({
      network,
      file: (model ?? first).name,
      ...(labels && { labels: labels.name }),
      ...pixels,
    }),
  );
  return answer.network;
}

/** A file beside the model that holds weights of it. */
export interface ExternalFile {
  /** Where the model says that it lies, relative to the model. */
  readonly location: string;
  readonly sha256: string;
  readonly sizeBytes: number | null;
  /** Address to fetch it from; `null` for one that has to be there. */
  readonly source: string | null;
}

/** One set of bytes that is a network, where it is called `file`. */
export interface ModelFile {
  /** Name inside the network's folder. */
  readonly file: string;
  readonly sha256: string;
  readonly sizeBytes: number | null;
  readonly source: string | null;
  /** Left out where all weights are in the model file itself. */
  readonly externalData?: readonly ExternalFile[] | undefined;
}

/** The files beside a model that hold weights of it. */
export function externalFilesOf({ externalData }: ModelFile): readonly ExternalFile[] {
  return externalData ?? [];
}

/** SHA-256 of a model and of the files beside it, joined: equal for the same bytes. */
export function checksumsOf(model: ModelFile): string {
  return filesOf(model)
    .map(({ sha256 }) => sha256)
    .join();
}

/** Whether two networks have a model in common, byte for byte, the files beside it included. */
export function haveSameModel(some: readonly ModelFile[], others: readonly ModelFile[]): boolean {
  const known = new Set(some.map(checksumsOf));
  return others.some((model) => known.has(checksumsOf(model)));
}

/** A file of a network, under its path in the network's folder. */
export interface NamedFile extends Pick<ModelFile, "sha256" | "sizeBytes" | "source"> {
  readonly name: string;
}

/** A model and the files beside it. The model goes last: where it is, its weights are too. */
export function filesOf(model: ModelFile): readonly NamedFile[] {
  const { file, sha256, sizeBytes, source } = model;
  const external = externalFilesOf(model).map(({ location, ...rest }) => ({
    name: location,
    ...rest,
  }));
  return [...external, { name: file, sha256, sizeBytes, source }];
}

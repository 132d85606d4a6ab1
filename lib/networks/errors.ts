/** A network, its manifest or its labels cannot be used as named. The message says what to do. */
export class NetworkError extends Error {
  override readonly name: string = "NetworkError";
}

/** No searched folder has a network of that id, and there is no such file. */
export class NetworkNotFoundError extends NetworkError {
  override readonly name = "NetworkNotFoundError";
}

/** A `network.json` that breaks the manifest's rules. Every bad field is named. */
export class ManifestError extends NetworkError {
  override readonly name = "ManifestError";
}

/** A model file whose bytes are not those its manifest promises. */
export class IntegrityError extends NetworkError {
  override readonly name = "IntegrityError";
}

/** A model file could not be fetched; nothing was left on the disk. */
export class DownloadError extends NetworkError {
  override readonly name = "DownloadError";
}

/** No class answers to the name, more than one does, or the network has no class names. */
export class ClassNameError extends NetworkError {
  override readonly name = "ClassNameError";
}

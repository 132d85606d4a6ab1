/**
 * A network, its description, its labels or one of its layers cannot be used as named. The message
 * says what to do.
 */
export class NetworkError extends Error {
  override readonly name = this.constructor.name;
}

/** No searched folder has a network of that id, and there is no such file. */
export class NetworkNotFoundError extends NetworkError {}

/** A `network.json` that breaks the description's rules. Every bad field is named. */
export class DescriptionError extends NetworkError {}

/** A model file whose bytes are not those its description promises. */
export class IntegrityError extends NetworkError {}

/** A model file could not be fetched; nothing was left on the disk. */
export class DownloadError extends NetworkError {}

/** No class answers to the name, or more than one does. */
export class ClassNameError extends NetworkError {}

/** No layer answers to the reference, or more than one does. */
export class LayerNotFoundError extends NetworkError {}

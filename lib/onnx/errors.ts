/** The file is not a model we can read, or breaks ONNX's rules. The message says where and why. */
export class ModelError extends Error {
  override readonly name = this.constructor.name;

  constructor(message: string, options?: ErrorOptions) {
    const isLong = message.length > MAX_MESSAGE_LENGTH;
    super(isLong ? `${message.slice(0, MAX_MESSAGE_LENGTH)}...` : message, options);
  }
}

/** Characters: a file's names are in messages, and may be megabytes. */
const MAX_MESSAGE_LENGTH = 1_000;

/** An operator whose output shape we cannot tell. Off the path to the layer it does not matter. */
export class UnknownOperatorError extends ModelError {}

/** Shapes that do not fit together at the image size asked for. */
export class ShapeMismatchError extends ModelError {}

/** What is said of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

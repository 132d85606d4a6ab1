/** The file is not a model we can read, or breaks ONNX's rules. The message says where and why. */
export class ModelError extends Error {
  override readonly name = this.constructor.name;
}

/** An operator whose output shape we cannot tell. Off the path to the layer it does not matter. */
export class UnknownOperatorError extends ModelError {}

/** Shapes that do not fit together at the image size asked for. */
export class ShapeMismatchError extends ModelError {}

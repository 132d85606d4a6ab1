/** An image, an array file or a montage option that cannot be used. It says which and why. */
export class ImageError extends Error {
  override readonly name = "ImageError";
}

import { NetworkError } from "./errors.ts";

/**
 * The text of a file that a person wrote, without its byte order mark.
 *
 * @param path for the message
 * @throws NetworkError unless it is UTF-8: in another encoding its letters would be others
 */
export function decodeText(bytes: Uint8Array, path: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    throw new NetworkError(`${path}: its text is not UTF-8; save it as that`, { cause: error });
  }
}

import { JOB_PREFIX, UPLOAD_PREFIX } from "../keys.ts";

/** Whether a key is that of an upload or a tile; a plain key without the tricks S3 would allow. */
export function isUploadKey(key: string): boolean {
  const isPlain =
    /^[^\p{C}\\]*$/u.test(key) && !key.split("/").some((part) => /^\.{0,2}$/.test(part));
  return isPlain && [UPLOAD_PREFIX, JOB_PREFIX].some((prefix) => key.startsWith(prefix));
}

import { totalmem } from "node:os";

/** Memory of this machine, or of the container that the process is in, in bytes. */
export function machineBytes(): number {
  // no limit is 0 to some versions of Node, and more than there is to others
  return Math.min(totalmem(), process.constrainedMemory() || Infinity);
}

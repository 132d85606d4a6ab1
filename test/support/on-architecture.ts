/**
 * Runs something as if the machine's processor were another: graphs are written for it, and run as
 * well on any.
 */
export async function onArchitecture<Result>(
  architecture: NodeJS.Architecture,
  run: () => Promise<Result>,
): Promise<Result> {
  const real = Object.getOwnPropertyDescriptor(process, "arch")!;
  Object.defineProperty(process, "arch", { ...real, value: architecture });
  try {
    return await run();
  } finally {
    Object.defineProperty(process, "arch", real);
  }
}

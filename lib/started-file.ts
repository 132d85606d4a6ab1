import type { STARTED_BESIDE } from "./source-bundle.mjs";

/**
 * The file of a thread or a process that is started from beside who starts it. In a bundle it lies
 * there; from source it is TypeScript, which another file there loads.
 *
 * @param starter `import.meta.url` of who starts it
 */
export function startedFile(name: keyof typeof STARTED_BESIDE, starter: string): URL {
  const isSource = new URL(starter).pathname.endsWith(".ts");
  return new URL(isSource ? `./${name}-from-source.mjs` : `./${name}.mjs`, starter);
}

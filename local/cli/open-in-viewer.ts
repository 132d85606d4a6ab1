import { spawn } from "node:child_process";
import { pathToFileURL } from "node:url";

import type { Environment } from "../../lib/networks/folders.ts";
import type { Terminal } from "./terminal.ts";

/** What opens an address as a double click would, by platform; `BROWSER` names another. */
const OPENERS: Readonly<Record<string, readonly [string, ...string[]]>> = {
  darwin: ["open"],
  // `start` takes a first argument in quotes for a title
  win32: ["cmd", "/c", "start", '""'],
};
const OTHER_OPENER = ["xdg-open"] as const;

/** What follows an `&`, as in a folder "R&D", would be a command of its own to Windows' `cmd`. */
const addressOfFile = (path: string) => pathToFileURL(path).href.replaceAll("&", "%26");

/**
 * Shows a file or an address in the user's browser, which goes on by itself.
 *
 * @param address a path or a URL
 * @returns whether there was a program to do it
 */
export function openInViewer(address: string, env: Environment): Promise<boolean> {
  const url = /^https?:/.test(address) ? address : addressOfFile(address);
  const browser = env["BROWSER"];
  const [program, ...words] = browser ? [browser] : (OPENERS[process.platform] ?? OTHER_OPENER);
  return new Promise((resolve) => {
    const child = spawn(program, [...words, url], { stdio: "ignore", detached: true });
    child.once("error", () => resolve(false));
    child.once("spawn", () => {
      child.unref();
      resolve(true);
    });
  });
}

/** Shows a file of results, or says that there is no program to do it. */
export async function showFile(path: string, { env, note }: Terminal): Promise<void> {
  if (await openInViewer(path, env)) return;
  note(`${path}: no program was found to open it; open it in a browser, or name one in BROWSER`);
}

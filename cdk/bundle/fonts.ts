import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { repositoryPath } from "./repository.ts";

/**
 * Latin, Greek, Cyrillic, Arabic, Hebrew and more in 0.8 MB; Chinese or Japanese take twenty times
 * that.
 */
const FONT = "DejaVuSans.ttf";
const PACKAGE = "dejavu-fonts-ttf";
const FOLDER = "fonts";
const CONFIGURATION = "fonts.conf";

/** What Fontconfig is told by `FONTCONFIG_FILE` in the function's environment. */
export const FONTS_CONFIGURATION = `/var/task/${FOLDER}/${CONFIGURATION}`;

/** The code lies on a disk that cannot be written, so the cache is on the one that can. */
const FONTCONFIG = `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir prefix="relative">.</dir>
  <cachedir>/tmp/fontconfig</cachedir>
</fontconfig>
`;

/** Puts the font for titles and labels beside a function's code. */
export function copyFonts(folder: string): void {
  const target = join(folder, FOLDER);
  mkdirSync(target, { recursive: true });
  const source = repositoryPath("node_modules", PACKAGE);
  copyFileSync(join(source, "ttf", FONT), join(target, FONT));
  copyFileSync(join(source, "LICENSE"), join(target, "LICENSE"));
  writeFileSync(join(target, CONFIGURATION), FONTCONFIG);
}

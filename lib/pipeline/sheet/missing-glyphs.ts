/**
 * Says what a sheet cannot show of its title and labels.
 *
 * @param letters that the machine which made it has no font for
 */
export function missingGlyphsNotice(letters: string): string {
  return `the machine that made the sheet has no font for ${Array.from(letters).join(" ")}: its title and labels have their code points there, or letters without accents; install a font, such as Noto`;
}

/** What a terminal shows in two columns. */
const WIDE =
  /[\p{Script=Han}\p{Script=Hangul}\p{Script=Hiragana}\p{Script=Katakana}\p{Emoji_Presentation}\u3000-\u303f\uff01-\uff60]/u;
/** What stands on the letter before it. */
const ON_ANOTHER = /[\p{M}\u200d]/u;

/** Columns of a terminal that the text takes. */
export function columnsOf(text: string): number {
  return Array.from(text).reduce((sum, letter) => sum + columnsOfLetter(letter), 0);
}

/** The beginning of the text that takes so many columns at most. */
export function cutToColumns(text: string, most: number): string {
  let columns = 0;
  const letters = Array.from(text);
  const after = letters.findIndex((letter) => (columns += columnsOfLetter(letter)) > most);
  return after < 0 ? text : letters.slice(0, after).join("");
}

function columnsOfLetter(letter: string): number {
  if (ON_ANOTHER.test(letter)) return 0;
  return WIDE.test(letter) ? 2 : 1;
}

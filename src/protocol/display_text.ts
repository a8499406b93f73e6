const MARKS_IN_A_ROW = 3;

/** Line ends, tabs and every kind of space. */
const SPACES = /[\s\p{Z}\u2800]+/gu;
/**
 * What has no shape of its own: controls, direction overrides, zero-width and filler characters, tags, private use, halves of
 * surrogate pairs.
 */
const SHAPELESS = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Cn}\p{Default_Ignorable_Code_Point}]/gu;
const MARK = /\p{M}/u;

/**
 * Text that somebody else chose (the name of a client, a browser's label, an address), fit to be shown on a page of ours:
 * in one line, with no character that is not seen or that changes the order of others, no tower of accents, and at
 * most `maxCharacters` code points. `fallback` where nothing is left. Otherwise a name could reverse the sentence around it,
 * or look like another that a person trusts.
 */
export function displayText(text: string, maxCharacters: number, fallback: string): string {
  // White space first: some of it is a control character, and would glue words together if it went.
  const plain = text
    .slice(0, maxCharacters * 8)
    .replace(SPACES, " ")
    .replace(SHAPELESS, "")
    .trim();
  const shown: string[] = [];
  let marks = 0;
  for (const character of plain) {
    marks = MARK.test(character) ? marks + 1 : 0;
    if (marks > MARKS_IN_A_ROW) continue;
    if (shown.length === maxCharacters) return `${shown.slice(0, -1).join("").trimEnd()}…`;
    shown.push(character);
  }
  return shown.join("").replace(/ {2,}/g, " ") || fallback;
}

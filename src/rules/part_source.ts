import type { CelLanguage } from "./cel.ts";
import type { Expression } from "./expression.ts";

/**
 * The text of `part` with the parentheses that belong to it. The tree does not know them, so that they are taken in until the text
 * can be read; half a pair of them never can. Null where it cannot be told.
 */
export function sourceOf(part: Expression, source: string, cel: CelLanguage): string | null {
  let { start, end } = part;
  for (;;) {
    const text = source.slice(start, end);
    if (cel.parse(text).ok) return text;
    const closing = /^\s*\)/.exec(source.slice(end))?.[0];
    const opening = /\(\s*$/.exec(source.slice(0, start))?.[0];
    if (isMissing(text, "(", ")") && opening !== undefined) start -= opening.length;
    else if (closing !== undefined) end += closing.length;
    else return null;
  }
}

/** Whether `text` has more of `closing` than of `opening`, as far as counting tells. */
function isMissing(text: string, opening: string, closing: string): boolean {
  return text.split(closing).length > text.split(opening).length;
}

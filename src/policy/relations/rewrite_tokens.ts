/** One word or sign of a rewrite, and where it stands. `end` closes the list. */
export interface RewriteToken {
  readonly kind: "name" | "word" | "sign" | "end" | "unknown";
  readonly text: string;
  /** In UTF-16 units from the beginning of the text. */
  readonly at: number;
}

const WORDS: ReadonlySet<string> = new Set(["or", "and", "but", "not", "of"]);
const TOKEN = /[ \t\r\n]+|[A-Za-z_][A-Za-z0-9_-]*|[[\],#()]|[\s\S]/g;

/** The tokens of `text`. What the language has no word for is `unknown`, one character at a time. */
export function rewriteTokens(text: string): readonly RewriteToken[] {
  const tokens: RewriteToken[] = [];
  for (const match of text.matchAll(TOKEN)) {
    const [found] = match;
    if (/^[ \t\r\n]/.test(found)) continue;
    tokens.push({ kind: kindOf(found), text: found, at: match.index });
  }
  tokens.push({ kind: "end", text: "", at: text.length });
  return tokens;
}

/** Where `at` is, as editors count: from 1. */
export function placeOf(text: string, at: number): { readonly line: number; readonly column: number } {
  const before = text.slice(0, at).split("\n");
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}

function kindOf(found: string): RewriteToken["kind"] {
  if (WORDS.has(found)) return "word";
  if (/^[A-Za-z_]/.test(found)) return "name";
  return "[],#()".includes(found) ? "sign" : "unknown";
}

const EXPLAIN_OVER_LINES = 300;
const NEVER_OVER_LINES = 400;
const EXPLAIN_WITHIN_LINES = 20;

/** Why a file of this `text` is too long, or null. Over 300 lines it owes a `// Long because …` near the top. */
export function sizeFault(text: string): string | null {
  const lines = text.replace(/\n$/, "").split("\n");
  if (lines.length > NEVER_OVER_LINES) {
    return `has ${lines.length} lines; over ${NEVER_OVER_LINES} it has to be split by subject`;
  }
  if (lines.length <= EXPLAIN_OVER_LINES) return null;
  const explained = lines
    .slice(0, EXPLAIN_WITHIN_LINES)
    .some((line) => /^\s*(?:\/\/|\*|#|--) Long because \S/.test(line));
  return explained
    ? null
    : `has ${lines.length} lines; over ${EXPLAIN_OVER_LINES} it owes a line \`// Long because …\` among its first ${EXPLAIN_WITHIN_LINES}`;
}

/** The one place that puts what was thrown into words for a log. */
const WORDS = "src/kernel/fault_text.ts";
/** That, and where a rule is told what is wrong with it: no log hears of that. */
const MAY: ReadonlySet<string> = new Set([WORDS, "src/rules/cel.ts"]);
/** What was thrown, as a text: it may quote a secret, a body or an address. Tests of what a text holds are no lines of a log. */
const THROWN = [
  /\bString\((?:error|cause|reason|thrown)\)/,
  /\$\{(?:error|cause|thrown)\}/,
  /\berror: [^,}]*\b(?:error|cause|thrown|told)(?: instanceof Error \? \w+)?\.(?:message|stack)\b/,
  /\bcause: String\(/,
];

/** Lines of the file at `path` that write what was thrown into a log by other words than `faultText`'s, as faults. */
export function logTextFaults(path: string, text: string): readonly string[] {
  if (!path.startsWith("src/") || MAY.has(path)) return [];
  return text
    .split("\n")
    .flatMap((line, at) =>
      THROWN.some((pattern) => pattern.test(line))
        ? [
            `${path}:${at + 1}: what was thrown may quote secrets: say it by \`faultText\` or \`faultFields\` of ${WORDS}`,
          ]
        : [],
    );
}

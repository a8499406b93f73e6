import { err, ok, type Result } from "../kernel/result.ts";
import type { RoutePattern } from "./route_pattern.ts";

/** What replaces a route, in pieces: text, and the places of a call's path whose segments stand between. */
export type Successor = readonly (string | number)[];

const PARAMETER = /(?<=\/):([A-Za-z_][A-Za-z0-9_]*)(?=[/?#]|$)/;

/** Reads a path or URL in which `:name` stands for a parameter of `pattern`. A fault is the name that the pattern does not have. */
export function parseSuccessor(text: string, pattern: RoutePattern): Result<Successor, string> {
  const pieces: (string | number)[] = [];
  // A split by a group gives text and names in turn.
  for (const [at, piece] of text.split(PARAMETER).entries()) {
    if (at % 2 === 0) {
      if (piece !== "") pieces.push(piece);
      continue;
    }
    const index = pattern.findIndex((segment) => segment.kind === "parameter" && segment.name === piece);
    if (index < 0) return err(piece);
    pieces.push(index);
  }
  return ok(pieces);
}

/** The link for a call to the decoded `segments`. What they hold is encoded, so that it is nothing but a segment. */
export function successorOf(successor: Successor, segments: readonly string[]): string {
  return successor
    .map((piece) => (typeof piece === "string" ? piece : encodeURIComponent(segments[piece] ?? "")))
    .join("");
}

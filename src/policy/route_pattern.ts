import { err, ok, type Result } from "../kernel/result.ts";

/** One segment of a route's path: literal text, a named parameter, or (last only) the rest of the path. */
export type PatternSegment =
  | { readonly kind: "literal"; readonly text: string }
  | { readonly kind: "parameter"; readonly name: string }
  | { readonly kind: "rest" };

export type RoutePattern = readonly PatternSegment[];

const LITERAL = /^[A-Za-z0-9_~!$&'()+,=:@.-]*[A-Za-z0-9_~!$&'()+,=:@-]$/;
const PARAMETER = /^:([A-Za-z_][A-Za-z0-9_]*)$/;

/** Reads `/orders/:id/lines` or `/files/*`. A fault is a sentence for the author of the configuration. */
export function parseRoutePattern(path: string): Result<RoutePattern, string> {
  if (!path.startsWith("/")) return err("a path begins with a slash");
  if (path === "/") return ok([]);
  const segments: PatternSegment[] = [];
  const names = new Set<string>();
  const parts = path.slice(1).split("/");
  for (const [index, part] of parts.entries()) {
    const name = PARAMETER.exec(part)?.[1];
    if (part === "*") {
      if (index !== parts.length - 1) return err("`*` may only be the last segment");
      segments.push({ kind: "rest" });
    } else if (name !== undefined) {
      if (names.has(name)) return err(`parameter \`:${name}\` appears twice`);
      names.add(name);
      segments.push({ kind: "parameter", name });
    } else if (LITERAL.test(part) && !part.startsWith(":")) {
      segments.push({ kind: "literal", text: part });
    } else {
      return err(
        part === "" ? "empty segment or trailing slash" : `segment \`${part}\` is not plain text or \`:name\``,
      );
    }
  }
  return ok(segments);
}

/** The pattern without its names: two routes of one shape match the same paths with the same rank. */
export function patternShape(pattern: RoutePattern): string {
  const parts = pattern.map((segment) => {
    if (segment.kind === "literal") return segment.text;
    return segment.kind === "parameter" ? ":" : "*";
  });
  return `/${parts.join("/")}`;
}

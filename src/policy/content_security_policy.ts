const DIRECTIVE = /^[a-z][a-z-]*$/;
/** Neither a comma, which would begin another policy, nor anything that is not plain ASCII. */
const SOURCES = /^[\x21-\x2b\x2d-\x3a\x3c-\x7e]+(?: [\x21-\x2b\x2d-\x3a\x3c-\x7e]+)*$/;
/** What decides which scripts run. */
const OF_SCRIPTS = /^(?:default-src|script-src|script-src-elem|script-src-attr|object-src)$/;
/** Lets any script run that somebody gets into an answer: inline, by `eval`, from anywhere, or with a nonce that everybody can read here. */
const OPEN = /^(?:'unsafe-.*'|'nonce-.*'|\*|[a-z][a-z0-9+.-]*:|[a-z]+:\/\/\*(?::.*)?|\*:.*)$/i;

/** Why `text` is no policy that protects (CSP 3), `frame-ancestors` aside; null where it is one. */
export function contentSecurityPolicyFault(text: string): string | null {
  const seen = new Set<string>();
  for (const part of text.split("; ")) {
    const space = part.indexOf(" ");
    const name = space < 0 ? part : part.slice(0, space);
    const sources = space < 0 ? null : part.slice(space + 1);
    if (!DIRECTIVE.test(name) || (sources !== null && !SOURCES.test(sources))) {
      return "is not a list of directives: names in lower case, `; ` between them, no comma";
    }
    if (name === "frame-ancestors") return "names frame-ancestors, which is a setting of its own";
    if (seen.has(name)) return `names ${name} twice, and browsers heed the first alone`;
    seen.add(name);
    const open = OF_SCRIPTS.test(name) ? sources?.split(" ").find((source) => OPEN.test(source)) : undefined;
    if (open !== undefined) return `has ${open} in ${name}, which lets in what the policy is there to keep out`;
  }
  return seen.has("default-src") ? null : "has no default-src: what it does not name would be open";
}

import { err, ok, type Result } from "../kernel/result.ts";

/** A `Content-Type` that has one reading. */
export interface MediaType {
  /** Type and subtype in lower case. */
  readonly name: string;
  readonly charset: string | null;
}

const TOKEN = "[A-Za-z0-9!#$%&'*+.^_`|~-]+";
const NAME = new RegExp(`^${TOKEN}/${TOKEN}$`);
const PARAMETER = new RegExp(`^(${TOKEN})=(?:(${TOKEN})|"([^"\\\\,;]*)")$`);

/** Reads a `Content-Type` (RFC 9110 §8.3.1); an error where it is absent, doubled or has a parameter twice. */
export function readMediaType(field: string | null): Result<MediaType, "media_type_unclear"> {
  const [name = "", ...written] = (field ?? "").split(";").map((part) => part.trim());
  if (!NAME.test(name)) return err("media_type_unclear");
  const parameters = new Map<string, string>();
  for (const text of written.filter((part) => part !== "")) {
    const [, key = "", token, quoted] = PARAMETER.exec(text) ?? [];
    if (key === "" || parameters.has(key.toLowerCase())) return err("media_type_unclear");
    parameters.set(key.toLowerCase(), (token ?? quoted ?? "").toLowerCase());
  }
  return ok({ name: name.toLowerCase(), charset: parameters.get("charset") ?? null });
}

/** How a body of this type is looked into. */
export type BodyKind = "json" | "form" | "opaque";

/** What is known of the types called `name`, which may be a range. */
export function bodyKind(name: string): BodyKind {
  if (name === "application/json" || /^[^/]+\/[^/]+\+json$/.test(name)) return "json";
  return name === "application/x-www-form-urlencoded" ? "form" : "opaque";
}

/** The range of all types whose bodies are JSON by their suffix (RFC 6839 §3.1). */
export const ANY_JSON = "*/*+json";

/** The entry for `name` among `entries`, whose keys are types or ranges: the most specific one (OpenAPI 3.1, 4.8.14). */
export function entryFor<T>(entries: ReadonlyMap<string, T>, name: string): T | undefined {
  const suffixed = name.endsWith("+json") ? entries.get(ANY_JSON) : undefined;
  return entries.get(name) ?? suffixed ?? entries.get(`${name.split("/", 1)[0]}/*`) ?? entries.get("*/*");
}

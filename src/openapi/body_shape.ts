import { isJsonObject } from "../kernel/strict_json.ts";
import { type BodyKind, bodyKind } from "./media_types.ts";
import type { DocumentReader } from "./parameter.ts";
import type { SchemaNode } from "./schema_node.ts";
import { below, SchemaTerms } from "./schema_terms.ts";

/** What a body of one media type has to be. */
export interface BodyShape {
  readonly kind: BodyKind;
  /** Null where the body is not looked into. */
  readonly node: SchemaNode | null;
}

/** The same of a body that is sent. */
export interface RequestShape extends BodyShape {
  /** Whether not all callers may send all of it. */
  readonly restricts: boolean;
  /** Whether nobody may send something in it. */
  readonly hasReadOnly: boolean;
}

/** Says of a Media Type Object that such bodies are passed unseen. */
const UNCHECKED = "x-sallyport-unchecked";

/** The bodies that `content` of `terms` describes, by media type in lower case. */
export function readContent(terms: SchemaTerms, reader: DocumentReader): Map<string, BodyShape> {
  const byType = new Map<string, BodyShape>();
  for (const [written, media] of terms.members("content")) {
    const at = below(terms.at, "content", written);
    const name = written.toLowerCase();
    if (!/^[^\s;,/]+\/[^\s;,/]+$/.test(name) || byType.has(name) || !isJsonObject(media)) {
      reader.faults.push({ at, reason: "is no media type without parameters, is there twice, or is no object" });
      continue;
    }
    byType.set(name, readMedia(new SchemaTerms(media, at, reader.faults), name, reader));
  }
  return byType;
}

function readMedia(terms: SchemaTerms, name: string, { schemas }: DocumentReader): BodyShape {
  const kind = bodyKind(name);
  if (terms.flag(UNCHECKED)) return { kind: "opaque", node: null };
  const { schema } = terms.schema;
  if (kind === "opaque") {
    if (!saysNothing(schema)) {
      terms.fault(
        "schema",
        `is not enforced for \`${name}\`: drop it, or pass such bodies with \`${UNCHECKED}: true\``,
      );
    }
    return { kind, node: null };
  }
  if (schema === undefined) {
    terms.fault("schema", `is missing: pass such bodies unseen with \`${UNCHECKED}: true\``);
    return { kind, node: null };
  }
  return { kind, node: schemas.node(schema, below(terms.at, "schema")) };
}

/** Schemas that any bytes fit. */
function saysNothing(schema: unknown): boolean {
  if (schema === undefined || schema === true) return true;
  if (!isJsonObject(schema)) return false;
  const said = Object.keys(schema).filter(
    (key) => !["type", "format", "description", "contentMediaType"].includes(key),
  );
  return said.length === 0 && (schema.type ?? "string") === "string" && (schema.format ?? "binary") === "binary";
}

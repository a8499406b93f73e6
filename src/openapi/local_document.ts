import { err, ok, type Result } from "../kernel/result.ts";
import { isJsonObject } from "../kernel/strict_json.ts";
import { below } from "./schema_terms.ts";

/** A part of a document, and the JSON pointer to it. */
export interface Located {
  readonly value: unknown;
  readonly at: string;
}

const MAX_HOPS = 16;

/** A document in which references are looked up. Nothing is ever fetched for one. */
export class LocalDocument {
  readonly root: Readonly<Record<string, unknown>>;

  constructor(root: Readonly<Record<string, unknown>>) {
    this.root = root;
  }

  /** What `ref`, a `$ref` as it is written, leads to. A fault is a sentence for the document's author. */
  find(ref: string): Result<Located, string> {
    if (!ref.startsWith("#")) return err("leads out of the document: only `#/...` is followed");
    const pointer = decoded(ref.slice(1));
    if (pointer === null || (pointer !== "" && !pointer.startsWith("/"))) return err("is no JSON pointer after `#`");
    const steps = pointer === "" ? [] : pointer.slice(1).split("/").map(unescaped);
    let value: unknown = this.root;
    for (const step of steps) {
      const part = partOf(value, step);
      if (part === undefined) return err(`leads nowhere: there is no \`${step}\``);
      value = part;
    }
    return ok({ value, at: below("", ...steps) });
  }

  /** `located`, or what it stands for where it is a Reference Object (OpenAPI 3.1, 4.8.23). */
  resolve(located: Located): Result<Located, string> {
    let here = located;
    for (let hops = 0; hops < MAX_HOPS; hops++) {
      if (!isJsonObject(here.value) || typeof here.value.$ref !== "string") return ok(here);
      const found = this.find(here.value.$ref);
      if (!found.ok) return found;
      here = found.value;
    }
    return err("refers to a reference, and so on without an end");
  }
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

function unescaped(step: string): string {
  return step.replaceAll("~1", "/").replaceAll("~0", "~");
}

function partOf(value: unknown, step: string): unknown {
  if (Array.isArray(value)) return /^(?:0|[1-9]\d*)$/.test(step) ? value[Number(step)] : undefined;
  return isJsonObject(value) && Object.hasOwn(value, step) ? value[step] : undefined;
}

import { ok, type Result } from "../../kernel/result.ts";
import {
  type AskedAction,
  type Entity,
  type JsonObject,
  malformed,
  own,
  type QuestionFault,
  readAction,
  readEntity,
  readObject,
  readSearchedType,
} from "./question.ts";

/** What is searched for (§8). */
export type SearchKind = "subject" | "resource" | "action";

interface Searched {
  readonly context: JsonObject;
  readonly page: PageRequest;
}

/** A search request: all but what is searched for is known. */
export type SearchRequest =
  | (Searched & {
      readonly kind: "subject";
      readonly type: string;
      readonly action: AskedAction;
      readonly resource: Entity;
    })
  | (Searched & {
      readonly kind: "resource";
      readonly type: string;
      readonly action: AskedAction;
      readonly subject: Entity;
    })
  | (Searched & { readonly kind: "action"; readonly subject: Entity; readonly resource: Entity });

/** Which part of the results is asked for (§8.2.1). */
export interface PageRequest {
  /** Null for the first page. */
  readonly token: string | null;
  /** The most results in the answer; null where the caller leaves that to us. */
  readonly limit: number | null;
}

/** Reads a request for a search of `kind`. */
export function readSearch(request: JsonObject, kind: SearchKind): Result<SearchRequest, QuestionFault> {
  const context = readObject(request, "context");
  if (!context.ok) return context;
  const page = readPage(request);
  if (!page.ok) return page;
  const common = { context: context.value, page: page.value };
  switch (kind) {
    case "subject": {
      const type = readSearchedType(request, "subject");
      if (!type.ok) return type;
      const action = readAction(request);
      if (!action.ok) return action;
      const resource = readEntity(request, "resource");
      if (!resource.ok) return resource;
      return ok({ kind, type: type.value, action: action.value, resource: resource.value, ...common });
    }
    case "resource": {
      const subject = readEntity(request, "subject");
      if (!subject.ok) return subject;
      const action = readAction(request);
      if (!action.ok) return action;
      const type = readSearchedType(request, "resource");
      if (!type.ok) return type;
      return ok({ kind, type: type.value, action: action.value, subject: subject.value, ...common });
    }
    case "action": {
      const subject = readEntity(request, "subject");
      if (!subject.ok) return subject;
      const resource = readEntity(request, "resource");
      if (!resource.ok) return resource;
      return ok({ kind, subject: subject.value, resource: resource.value, ...common });
    }
  }
}

/**
 * What has to be the same from one page to the next (§8.2.1), as plain data. Members that nobody here reads are no part of it, nor is the
 * limit: it may be left out beside a token, as in the specification's own example.
 */
export function sameThroughPages({ page: _, ...search }: SearchRequest): unknown {
  return search;
}

function readPage(request: JsonObject): Result<PageRequest, QuestionFault> {
  const page = readObject(request, "page");
  if (!page.ok) return page;
  const token = own(page.value, "token");
  // What stands behind the last page asks for nothing further: taken for none, it would begin anew for ever.
  if (token !== undefined && (typeof token !== "string" || token === "")) return malformed("page.token");
  const limit = own(page.value, "limit");
  const isCount = typeof limit === "number" && Number.isSafeInteger(limit) && limit >= 0;
  if (limit !== undefined && !isCount) return malformed("page.limit");
  const properties = readObject(page.value, "properties", "page.properties");
  return properties.ok ? ok({ token: token ?? null, limit: isCount ? limit : null }) : properties;
}

import { isJsonObject } from "../kernel/strict_json.ts";
import type { ConfigInput } from "./schema.ts";

type RouteInput = ConfigInput["routes"][number];
type DocumentInput = NonNullable<ConfigInput["openapi"]>[string];
type Method = RouteInput["methods"][number];

const METHODS: readonly Method[] = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/** What all routes of a document have in common, beside what it says of each. */
export interface DocumentRoutes extends Omit<RouteInput, "id" | "path" | "methods" | "scopes" | "openapi"> {
  /** What the paths begin with here and not in the document: `/v2`. */
  readonly basePath?: string;
  readonly openapi?: Omit<NonNullable<RouteInput["openapi"]>, "document" | "path">;
}

/**
 * One route for each operation of `document`, which stands under `name` in `openapi`. The scopes of an operation's `security` are
 * those of its route; the routes stay closed where it names none. Throws where that leaves open who may call: several
 * alternatives, or none needed.
 */
export function openapiRoutes(name: string, document: DocumentInput, common: DocumentRoutes): RouteInput[] {
  const { basePath = "", openapi, ...route } = common;
  return Object.entries(document.paths).flatMap(([path, item]) =>
    METHODS.flatMap((method): RouteInput[] => {
      const operation = item[method.toLowerCase()];
      if (!isJsonObject(operation)) return [];
      const { operationId } = operation;
      return [
        {
          ...route,
          ...(typeof operationId === "string" ? { id: operationId } : {}),
          path: `${basePath}${path.replace(/\{([^{}]*)\}/g, ":$1")}`,
          methods: [method],
          scopes: scopesOf(operation.security ?? document.security, `${method} ${path}`),
          openapi: { ...openapi, document: name, path },
        },
      ];
    }),
  );
}

/** The scopes of a Security Requirement Object (OpenAPI 3.1, 4.8.30). */
function scopesOf(security: unknown, operation: string): string[] {
  if (security === undefined || (Array.isArray(security) && security.length === 0)) return [];
  const [requirement, ...others]: unknown[] = Array.isArray(security) ? security : [];
  const schemes = isJsonObject(requirement) ? Object.values(requirement) : [];
  if (others.length > 0 || schemes.length === 0) {
    throw new Error(`${operation}: its security has alternatives, or needs none: write a route of its own for it`);
  }
  return schemes.flat().map(String);
}

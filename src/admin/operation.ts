import * as z from "zod";
import { ok, type Result } from "../kernel/result.ts";
import type { AdminActor } from "../managing/authenticate_admin.ts";
import type { ManagingFault, Progress } from "../managing/management.ts";
import type { AdminFault } from "./fault.ts";
import { parseFields } from "./field_faults.ts";
import { readJsonBody, readQuery } from "./json_request.ts";
import { acceptsLines, type Lines } from "./line_stream.ts";
import type { Managed } from "./managed.ts";

/** A request whose parts have been parsed by the operation's own schemas. */
export interface Call<Body, Query> {
  readonly body: Body;
  readonly query: Query;
  /** The path's parameters as sent. */
  readonly params: Readonly<Record<string, string>>;
  readonly actor: AdminActor;
  readonly nowMs: number;
}

/** What an operation answers; `body` is null for 204. */
export interface Answer {
  readonly body: object | null;
  /** In the place of `body` where whoever asks takes lines. */
  readonly lines?: Lines;
  /** The object that was acted on, for the log. */
  readonly objectId: string | null;
  readonly progress: Progress;
}

/** What is told of an operation, to the router, to the log and in the OpenAPI document. */
export interface OperationFacts {
  /** Unique: the `operationId`, and the log's `action`. */
  readonly id: string;
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Under `/admin/v1`, with parameters as `{name}`. */
  readonly path: string;
  readonly summary: string;
  readonly status: 200 | 201 | 204;
  /** The answer's shape, named in the document; null for 204. */
  readonly answer: z.ZodType | null;
  /** What it may refuse beyond what every operation may. */
  readonly faults: readonly ManagingFault["code"][];
  /**
   * It changes what no transaction of the store holds alone: objects, mails. So it is recorded before as well, for nobody could tell
   * afterwards what became of an act that was cut off.
   */
  readonly isRecordedFirst?: boolean;
  /** It can be answered as lines too, one object each. */
  readonly hasLines?: boolean;
  /** Who reads it is told in the log: what it shows is about others. */
  readonly isWatched?: boolean;
}

/** How a body is read: `none` where the method has none, `optional` where leaving it out means `{}`. */
interface BodySpec<Schema> {
  readonly schema: Schema;
  readonly presence: "required" | "optional" | "none";
  /** 64 KiB where absent. */
  readonly maxBytes?: number;
}

/** An operation as its file defines it. Its schemas give the types of what `handle` gets. */
interface OperationSpec<Body, Query> extends OperationFacts {
  readonly body: BodySpec<z.ZodType<Body>>;
  readonly query: z.ZodType<Query>;
  readonly handle: (call: Call<Body, Query>, managed: Managed) => Promise<Result<Answer, ManagingFault>>;
  /** The same for who takes lines; absent where nobody can have it so. */
  readonly handleLines?: (call: Call<Body, Query>, managed: Managed) => Promise<Result<Answer, ManagingFault>>;
}

/** An operation as the app runs it: the types of body and query are its own affair. */
export interface Operation extends OperationFacts {
  readonly body: BodySpec<z.ZodType>;
  readonly query: z.ZodType;
  readonly run: (
    request: Request,
    params: Readonly<Record<string, string>>,
    managed: Managed,
    actor: AdminActor,
    nowMs: number,
  ) => Promise<Result<Answer, AdminFault>>;
}

export const NO_BODY = { schema: z.strictObject({}), presence: "none" } as const;
export const NO_QUERY = z.strictObject({});

/** Joins a definition's schemas and its handler: query, then body, then the use case. */
export function operation<Body, Query>({ handle, handleLines, ...facts }: OperationSpec<Body, Query>): Operation {
  const { body, query } = facts;
  return {
    ...facts,
    hasLines: handleLines !== undefined,
    async run(request, params, managed, actor, nowMs) {
      const sent = readQuery(new URL(request.url).searchParams);
      const asked = sent.ok ? parseFields(query, sent.value) : sent;
      if (!asked.ok) return asked;
      const isRequired = body.presence === "required";
      const json = body.presence === "none" ? ok({}) : await readJsonBody(request, isRequired, body.maxBytes);
      const given = json.ok ? parseFields(body.schema, json.value) : json;
      if (!given.ok) return given;
      const isByLine = handleLines !== undefined && acceptsLines(request.headers.get("accept"));
      const answer = isByLine ? handleLines : handle;
      return answer({ body: given.value, query: asked.value, params, actor, nowMs }, managed);
    },
  };
}

import type { Asking, DecisionPoint } from "../../access/authzen/decision_point.ts";
import { evaluate } from "../../access/authzen/evaluate.ts";
import { type AnsweredQuestion, evaluateSeveral } from "../../access/authzen/evaluations.ts";
import { search } from "../../access/authzen/search.ts";
import { demandedRevision } from "../../access/decide.ts";
import type { Passage } from "../../access/pass_gate.ts";
import { mayGoOn } from "../../access/prove_again.ts";
import type { Refusal } from "../../access/refusal.ts";
import { problemResponse } from "../../http/problem.ts";
import { canonicalJson } from "../../kernel/canonical_json.ts";
import { err, ok, type Result } from "../../kernel/result.ts";
import type { CanonicalRequest } from "../../policy/canonical_request.ts";
import { principalRef } from "../../policy/relations/terms.ts";
import type { PageTokens } from "../../ports/page_tokens.ts";
import { ASKED_BY, askersBefore } from "../../protocol/authzen/asked_by.ts";
import { readEvaluations } from "../../protocol/authzen/evaluations_request.ts";
import { AUTHZEN_PATHS } from "../../protocol/authzen/metadata.ts";
import { type JsonObject, readQuestion } from "../../protocol/authzen/question.ts";
import {
  readSearch,
  type SearchKind,
  type SearchRequest,
  sameThroughPages,
} from "../../protocol/authzen/search_request.ts";
import { type Exchange, openExchange } from "../exchange.ts";
import type { HeldBodies } from "../held_bodies.ts";
import { bringBack, finish, type JudgementParts, judge, refuse, refuseUnexpected } from "../judgement.ts";
import { setPassFields } from "../response.ts";
import { decisionBody, evaluationsBody, type Reasons, searchBody } from "./answers.ts";
import { badRequest, malformedQuestion, type RequestRefusal, readRequest } from "./read_request.ts";
import { logSearch, recordEvaluations } from "./record_evaluations.ts";

/**
 * AuthZEN's Authorization API 1.0 under `/access/v1/`. Its callers pass the same gate as any call, on routes of its own; then they are answered
 * here. Owns the wire; refuses to answer anything while what an answer is made of cannot be had.
 */
export interface AuthzenParts {
  /** With a gate that knows the API's own routes alone. */
  readonly judgement: JudgementParts;
  readonly point: DecisionPoint;
  /** What we are called, to decision points that we ask: the gateway's URL. */
  readonly self: string;
  readonly bodies: HeldBodies;
  readonly pageTokens: PageTokens;
  readonly reasons: Reasons;
  readonly maxEvaluations: number;
  readonly maxPageSize: number;
  /** Candidates that are looked at for one answer to a search. */
  readonly maxCandidates: number;
}

/** Whether decoded `segments` are a path of the API. */
export function isAuthzenPath([first, second]: readonly string[]): boolean {
  return first === "access" && second === "v1";
}

/** Answers a request to the API. The caller's own id of the request comes back with it, whatever came of it (§10.1.3). */
export async function answerAuthzen(
  request: Request,
  canonical: CanonicalRequest,
  ctx: ExecutionContext,
  parts: AuthzenParts,
): Promise<Response> {
  const exchange = openExchange(request, canonical, ctx, "authzen", parts.judgement.audit);
  const response = await answer(request, exchange, parts);
  const requestId = exchange.call.header("x-request-id");
  if (requestId !== null) {
    response.headers.set("x-request-id", requestId);
    response.headers.set("sallyport-request-id", exchange.requestId);
  }
  return response;
}

type Answered = Result<object, Refusal | RequestRefusal>;

const UNREACHED: Answered = err({ kind: "consistency_unreached", reason: "consistency_unreached" });

async function answer(request: Request, exchange: Exchange, parts: AuthzenParts): Promise<Response> {
  const { judgement } = parts;
  try {
    const passed = await judge(exchange, judgement);
    if (!passed.ok) return refuse(passed.error, exchange, judgement);
    const { admitted } = passed.value;
    if (admitted?.trial) await admitted.trial;
    const answered = await answerPassed(request, exchange, passed.value, parts);
    const done = (response: Response, reason: string | null) => {
      setPassFields(response.headers, admitted?.limits ?? null);
      return finish(exchange, response, "allowed", reason, judgement);
    };
    if (answered.ok) return done(jsonResponse(answered.value), null);
    const { error } = answered;
    if ("kind" in error) return refuse(error, exchange, judgement);
    if (error.status === 503) bringBack(exchange);
    return done(problemResponse(error, exchange.requestId), error.code);
  } catch (error) {
    return refuseUnexpected(error, exchange, judgement);
  }
}

async function answerPassed(
  request: Request,
  exchange: Exchange,
  passage: Passage,
  parts: AuthzenParts,
): Promise<Answered> {
  const read = await readRequest(request, passage, exchange, parts.bodies);
  if (!read.ok) return read;
  const nowMs = Date.now();
  const proven = await mayGoOn(passage, exchange.call, nowMs, parts.judgement.gate);
  if (!proven.ok) return proven;
  const asking = await openAsking(exchange, passage, nowMs, parts);
  if (!asking.ok) return asking;
  // The route's name is its path, however that was spelled.
  switch (passage.route.id) {
    case AUTHZEN_PATHS.evaluation:
      return answerEvaluation(read.value, exchange, asking.value, parts);
    case AUTHZEN_PATHS.evaluations:
      return answerEvaluations(read.value, exchange, asking.value, parts);
    case AUTHZEN_PATHS.searchSubject:
      return answerSearch(read.value, "subject", exchange, asking.value, parts);
    case AUTHZEN_PATHS.searchResource:
      return answerSearch(read.value, "resource", exchange, asking.value, parts);
    case AUTHZEN_PATHS.searchAction:
      return answerSearch(read.value, "action", exchange, asking.value, parts);
    default:
      throw new Error("a route without an answer");
  }
}

/** What all questions of the call are answered by: one time, one word of the edge feed, one book of roles. */
async function openAsking(
  { call }: Exchange,
  { credential, route }: Passage,
  nowMs: number,
  { judgement: { gate }, point, self }: AuthzenParts,
): Promise<Result<Asking, Refusal | RequestRefusal>> {
  if (credential === null) throw new Error("nobody is proven");
  const askers = askersBefore(call.header(ASKED_BY), self);
  if (askers === null) return err(badRequest("asked_in_a_circle", "the question was passed on from here before"));
  const atLeast = demandedRevision(call);
  if (atLeast === null) return err({ kind: "consistency_malformed", reason: "consistency_malformed" });
  const { defer } = call;
  const view = await gate.revocations.view(nowMs, defer, route.toleratedStalenessMs);
  if (view === null) return err({ kind: "unavailable", reason: "edge_feed_stale" });
  const book = await gate.roles.at(nowMs, defer, route.toleratedStalenessMs);
  if (book === null) return err({ kind: "unavailable", reason: "role_book_unavailable" });
  // As tuples name it: what is settled for a caller of ours is not for one whom another issuer calls the same.
  const { principal } = credential;
  const issuer = principal.kind === "api_key" ? null : principal.issuer;
  const { id: callerId } = principalRef({ ...principal, issuer }, point.ownIssuer);
  return ok({ callerId, call: { nowMs, defer, askers }, view, book, atLeast, elapsedMs: () => Date.now() - nowMs });
}

async function answerEvaluation(
  body: JsonObject,
  exchange: Exchange,
  asking: Asking,
  { point, reasons }: AuthzenParts,
): Promise<Answered> {
  const question = readQuestion(body);
  if (!question.ok) return err(malformedQuestion(question.error));
  const evaluations = await evaluate([question.value], point, asking);
  if (evaluations === "unreached") return UNREACHED;
  const [evaluation] = evaluations;
  if (evaluation === undefined) throw new Error("a question without an answer");
  return recorded([{ question: question.value, evaluation }], decisionBody(evaluation, reasons), exchange);
}

async function answerEvaluations(
  body: JsonObject,
  exchange: Exchange,
  asking: Asking,
  parts: AuthzenParts,
): Promise<Answered> {
  const { point, reasons, maxEvaluations } = parts;
  const asked = readEvaluations(body, maxEvaluations);
  if (!asked.ok)
    return err(asked.error.fault === "too_many" ? tooMany(maxEvaluations) : malformedQuestion(asked.error));
  if (asked.value.kind === "one") return answerEvaluation(body, exchange, asking, parts);
  const { questions, semantic } = asked.value;
  const answered = await evaluateSeveral(questions, semantic, point, asking);
  if (answered === "unreached") return UNREACHED;
  return recorded(answered, evaluationsBody(answered, reasons), exchange);
}

function tooMany(maxEvaluations: number): RequestRefusal {
  const detail = `at most ${maxEvaluations} evaluations at once`;
  return { status: 413, code: "too_many_evaluations", title: "Content Too Large", detail };
}

async function answerSearch(
  body: JsonObject,
  kind: SearchKind,
  exchange: Exchange,
  asking: Asking,
  { point, pageTokens, maxPageSize, maxCandidates }: AuthzenParts,
): Promise<Answered> {
  const asked = readSearch(body, kind);
  if (!asked.ok) return err(malformedQuestion(asked.error));
  const { token, limit } = asked.value.page;
  const identity = searchIdentity(asked.value, asking.callerId);
  const { nowMs } = asking.call;
  const place = token === null ? null : await pageTokens.open(token, identity, nowMs);
  // The limit may be left out beside a token, and may not change (§8.2.1).
  const most = Math.min(limit ?? place?.limit ?? maxPageSize, maxPageSize);
  if (token !== null && place?.limit !== most) {
    return err(badRequest("page_token_invalid", "the token is not one of this search, or it is over"));
  }
  const part = { after: place?.after ?? null, limit: most, maxCandidates };
  const found = await search(asked.value, part, point, asking);
  if (found === "unreached") return UNREACHED;
  logSearch(asked.value, found, exchange);
  const { next } = found;
  const nextToken =
    next === undefined ? "" : await pageTokens.seal({ after: next, limit: most, atMs: nowMs }, identity);
  return ok(searchBody(asked.value, found, nextToken));
}

/** A token is good for one search of one caller. */
function searchIdentity(asked: SearchRequest, callerId: string): string {
  const text = JSON.stringify([callerId, sameThroughPages(asked)], (_, value: unknown) =>
    typeof value === "bigint" ? `${value}n` : value,
  );
  return canonicalJson(JSON.parse(text));
}

async function recorded(answered: readonly AnsweredQuestion[], body: object, exchange: Exchange): Promise<Answered> {
  const isSafe = await recordEvaluations(answered, exchange);
  return isSafe ? ok(body) : err({ kind: "unavailable", reason: "audit_unavailable" });
}

function jsonResponse(body: object): Response {
  const headers = { "content-type": "application/json", "cache-control": "no-store, private" };
  return new Response(JSON.stringify(body), { headers });
}

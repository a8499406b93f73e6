import { explain } from "../access/explain/explain.ts";
import type { Explained, Outcome } from "../access/explain/explained.ts";
import { d1Subjects } from "../adapters/d1/subjects.ts";
import { D1TupleReader } from "../adapters/d1/tuple_reader.ts";
import { knownSubjects } from "../adapters/known_subjects.ts";
import { readRoleBook } from "../adapters/role_book_text.ts";
import type { Managed } from "../admin/managed.ts";
import { type Environment, need, readBindings } from "../bindings.ts";
import { type CompiledConfig, compileConfig } from "../config/compile.ts";
import { withShadowRulesLive } from "../config/shadow_rules.ts";
import { sha256Hex } from "../kernel/bytes.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { type ManagingFault, NOT_FOUND } from "../managing/management.ts";
import { RoleBook } from "../policy/role_book.ts";
import type { Defer } from "../ports/edge_feed.ts";
import type { ExplainedShadow, Explainer, ExplainQuestion } from "../ports/explaining.ts";
import { RULES_IN_SHADOW } from "../ports/shadow.ts";
import { BUNDLED, type ConfigPointer, NOTHING_IN_SHADOW } from "../protocol/edge_feed.ts";
import { type ExplainSources, explainParts } from "./explain.ts";
import { bundledText, issuerStores } from "./stores.ts";

/*
 * The wiring of explanations at the issuer, beside the source of truth: roles, subjects and relations as they are at that moment.
 */

/** Reading tuples for one explanation is given up after so long. */
const TUPLES_MS = 5_000;

/** What is tried beside what runs, as far as it compiles here. */
type Tried = readonly { readonly tried: string; readonly config: CompiledConfig }[];

/** Who explains to operators. `config` is what this isolate runs, under the pointer that `running` tells. */
export function composeExplainers(
  env: Environment,
  config: CompiledConfig,
  running: () => ConfigPointer | null,
): Managed["explainers"] {
  return async (hash, nowMs) => {
    const runs = running()?.hash ?? BUNDLED;
    const asked = hash ?? runs;
    const found = asked === runs ? ok(config) : await configOf(asked, env);
    if (!found.ok) return found;
    const sources = await sourcesOf(env, nowMs);
    const snapshot = asked === BUNDLED ? await sha256Hex(bundledText(env)) : asked;
    const tried = hash === null ? await triedBeside(config, env) : [];
    return ok(explainer(found.value, { ...sources, snapshot }, tried));
  };
}

function explainer(config: CompiledConfig, sources: ExplainSources, tried: Tried): Explainer {
  const by = (one: CompiledConfig, question: ExplainQuestion, nowMs: number, defer: Defer): Promise<Outcome> =>
    explain(question, explainParts(one, sources), nowMs, defer);
  return {
    async explain(question, nowMs, defer) {
      const live = await by(config, question, nowMs, defer);
      if (!live.ok) return err([live.error]);
      const shadow: ExplainedShadow[] = [];
      for (const { tried: name, config: other } of tried) {
        const told = await by(other, question, nowMs, defer);
        // A question that cannot be asked there has no answer there.
        if (told.ok) shadow.push(besides(name, live.value, told.value));
      }
      return ok({ ...live.value, snapshot: sources.snapshot, shadow });
    },
  };
}

function besides(tried: string, live: Explained, { effect, reason, rules }: Explained): ExplainedShadow {
  return { tried, effect, reason, rules, differs: effect !== live.effect || reason !== live.reason };
}

async function sourcesOf(env: Environment, nowMs: number): Promise<Omit<ExplainSources, "snapshot">> {
  const bindings = readBindings(env);
  const db = need(bindings, "DB");
  const { text, ...pointer } = await issuerStores(bindings).roles.current();
  const overMs = Date.now() + TUPLES_MS;
  return {
    book: pointer.version === 0 ? new RoleBook(0, []) : readRoleBook(pointer, text),
    tuples: new D1TupleReader(db, () => Date.now() > overMs),
    subjects: knownSubjects({ findSubjects: (kind, ids) => d1Subjects(db, kind, ids) }, () => nowMs),
  };
}

/** A configuration of the past may not be one for this release: that is told as it is to who publishes one. */
async function configOf(hash: string, env: Environment): Promise<Result<CompiledConfig, ManagingFault>> {
  const text = hash === BUNDLED ? bundledText(env) : await issuerStores(readBindings(env)).configs.snapshot(hash);
  if (text === null) return err(NOT_FOUND);
  const compiled = compileConfig(JSON.parse(text));
  return compiled.ok ? compiled : err({ code: "config_invalid", faults: compiled.error });
}

async function triedBeside(config: CompiledConfig, env: Environment): Promise<Tried> {
  const rules = withShadowRulesLive(config);
  const own = rules === null ? [] : [{ tried: RULES_IN_SHADOW, config: rules }];
  const current = await issuerStores(readBindings(env)).shadows.current();
  if (current === null || current.hash === NOTHING_IN_SHADOW) return own;
  const other = await configOf(current.hash, env);
  return other.ok ? [...own, { tried: current.hash, config: other.value }] : own;
}

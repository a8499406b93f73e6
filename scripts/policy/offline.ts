import { createHash } from "node:crypto";
import { explain } from "../../src/access/explain/explain.ts";
import type { Outcome } from "../../src/access/explain/explained.ts";
import { explainParts } from "../../src/compose/explain.ts";
import type { CompiledConfig } from "../../src/config/compile.ts";
import { canonicalJson } from "../../src/kernel/canonical_json.ts";
import { MemoryTuples } from "../../src/policy/relations/memory_tuples.ts";
import { parseTuple, type RelationTuple } from "../../src/policy/relations/terms.ts";
import { RoleBook } from "../../src/policy/role_book.ts";
import { closeRoles, type RoleDefinition } from "../../src/policy/role_graph.ts";
import type { ExplainQuestion } from "../../src/ports/explaining.ts";

/** What an installation knows beside its configuration, given in a file. */
export interface OfflineFacts {
  readonly roles: readonly RoleDefinition[];
  /** `document:1#viewer@user:usr_1` */
  readonly relations: readonly string[];
}

/** Facts that cannot be used, in words for whoever wrote them. */
export class FactsFault extends Error {
  override readonly name = "FactsFault";
}

/** Explains by `config` and facts alone, without any installation. */
export class OfflineExplainer {
  readonly #config: CompiledConfig;
  readonly #snapshot: string;

  /** `written` is what `config` was compiled from: its hash is the configuration's name. */
  constructor(config: CompiledConfig, written: unknown) {
    this.#config = config;
    const text = canonicalJson(JSON.parse(JSON.stringify(written)));
    this.#snapshot = createHash("sha256").update(text).digest("hex");
  }

  get snapshot(): string {
    return this.#snapshot;
  }

  /** Throws `FactsFault`. */
  explain(question: ExplainQuestion, facts: OfflineFacts, nowMs: number): Promise<Outcome> {
    const parts = explainParts(this.#config, {
      snapshot: this.#snapshot,
      book: bookOf(facts.roles),
      tuples: new MemoryTuples(facts.relations.map(tupleOf)),
      subjects: null,
    });
    return explain(question, parts, nowMs, () => undefined);
  }
}

function bookOf(roles: readonly RoleDefinition[]): RoleBook {
  const closed = closeRoles(roles);
  if (!closed.ok)
    throw new FactsFault(`role ${closed.error.role}: ${closed.error.kind} (${closed.error.way.join(" > ")})`);
  return new RoleBook(1, closed.value);
}

function tupleOf(text: string): RelationTuple {
  const tuple = parseTuple(text);
  if (tuple === null) throw new FactsFault(`${text} is no tuple: it has to look like document:1#viewer@user:usr_1`);
  return tuple;
}

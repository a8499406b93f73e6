import type { Result } from "../kernel/result.ts";
import type { Defer } from "../ports/edge_feed.ts";
import type { ShadowExample } from "../ports/shadow.ts";
import { presentedCredential } from "./credentials.ts";
import type { Call, RightsGate } from "./gate.ts";
import type { Passage, Trace } from "./pass_gate.ts";
import type { Refusal } from "./refusal.ts";
import { decidesByBody } from "./route_action.ts";
import type { Compared, ShadowCounts } from "./shadow_counts.ts";
import { liveEffect, type ShadowGate, shadowVerdict, UNPROVEN } from "./shadow_verdict.ts";

/** Decisions in shadow that wait in one isolate; a call beyond them is left out. */
const MAX_WAITING = 32;
/** So many a second and isolate, so that what is tried takes a bounded share of it. */
const MOST_PER_SECOND = 200;
/** Words that stand for what a route demands by itself: no rules of the policy. */
const ROUTES_OWN: ReadonlySet<string> = new Set(["scopes", "roles", "permissions", "any_principal"]);

/** What watching is made of. */
export interface ShadowWatchParts {
  /**
   * What is tried at that moment beside what runs, on calls of `route` (null: no route lists them); null where nothing is, which is told
   * without any work.
   */
  readonly tried: (nowMs: number, defer: Defer, route: string | null) => readonly ShadowGate[] | null;
  readonly gate: RightsGate;
  readonly counts: ShadowCounts;
  /** The share of calls that are decided twice, from 0 to 1. */
  readonly share: number;
  /** Lets the answer go first. */
  readonly pause: () => Promise<void>;
}

type Decided = Promise<Result<Passage, Refusal>>;

/**
 * Decides calls once more by what is in shadow, behind their answers, and counts where it comes out otherwise. Owns the bounds of that; refuses to have any part
 * in a verdict: it is told of a decision, and nothing that it does or fails to do is waited for.
 */
export class ShadowWatch {
  readonly #parts: ShadowWatchParts;
  #waiting = 0;
  #second = 0;
  #inSecond = 0;

  constructor(parts: ShadowWatchParts) {
    this.#parts = parts;
  }

  /** Looks at a call that is matched, and `decided` on its way, unless nothing is tried on its route. Never throws. */
  watch(decided: Decided, call: Call, trace: Trace, requestId: string): void {
    const tried = this.#parts.tried(call.nowMs, call.defer, trace.route);
    if (tried === null || !isInShare(requestId, this.#parts.share)) return;
    if (!this.#hasTime(call.nowMs)) {
      for (const { tried: name } of tried) this.#parts.counts.left({ ...call, tried: name }, "skipped");
      return;
    }
    this.#waiting += 1;
    call.defer(
      this.#compare(decided, tried, call, trace, requestId).finally(() => {
        this.#waiting -= 1;
      }),
    );
  }

  #hasTime(nowMs: number): boolean {
    const second = Math.floor(nowMs / 1_000);
    if (second !== this.#second) {
      this.#second = second;
      this.#inSecond = 0;
    }
    if (this.#waiting >= MAX_WAITING || this.#inSecond >= MOST_PER_SECOND) return false;
    this.#inSecond += 1;
    return true;
  }

  async #compare(
    decided: Decided,
    tried: readonly ShadowGate[],
    call: Call,
    trace: Trace,
    requestId: string,
  ): Promise<void> {
    const live = await decided.catch(() => null);
    const effect = live === null ? null : liveEffect(live.ok ? null : live.error);
    if (effect === null) return;
    // Taken before the answer goes: later looks at the call write there too.
    const { route, rules, holder, matched } = trace;
    const action = matched?.action ?? null;
    const waitsForBody = effect === "allow" && decidesByBody(action);
    const caller = effect === UNPROVEN ? "nobody" : (holder ?? (presentsNothing(call) ? "nobody" : "unknown"));
    const example: ShadowExample = { requestId, subject: holder?.principal.kind ?? "anonymous" };
    await this.#parts.pause();
    for (const shadow of tried) {
      const at = { ...call, tried: shadow.tried };
      const verdict = waitsForBody
        ? null
        : await shadowVerdict(shadow, caller, call, this.#parts.gate).catch(() => null);
      if (verdict === null) {
        this.#parts.counts.left(at, "undecided");
        continue;
      }
      const compared: Compared = {
        route: route ?? "",
        action: action?.action.id ?? "",
        live: effect,
        shadow: verdict.effect,
        rule: ruleIds(verdict.rules) || ruleIds(rules),
      };
      this.#parts.counts.compared(at, verdict.effect === effect ? null : compared, example);
    }
  }
}

/** Whether nobody could be proven if somebody tried. */
function presentsNothing({ header }: Call): boolean {
  const presented = presentedCredential(header);
  return presented.ok && presented.value.kind === "none" && header("cookie") === null;
}

/** By the request's id, which is random: one call is in or out, whoever asks. */
function isInShare(requestId: string, share: number): boolean {
  return share >= 1 || Number.parseInt(requestId.slice(0, 8), 16) / 2 ** 32 < share;
}

function ruleIds(rules: readonly string[]): string {
  return rules.filter((rule) => !ROUTES_OWN.has(rule)).join(",");
}

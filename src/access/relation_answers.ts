import { Lru } from "../kernel/lru.ts";
import { Outage } from "../kernel/outage.ts";
import { SharedReadings } from "../kernel/shared_readings.ts";
import type { RelationCheck } from "../policy/decision_facts.ts";
import { canBeAsked, MAX_CHECKS } from "../policy/relations/check.ts";
import type { RelationNames } from "../policy/relations/relation_names.ts";
import { isRelationId, tupleText } from "../policy/relations/terms.ts";
import type { RevocationView } from "../ports/edge_feed.ts";
import type { ToldFinding, ToldRelations } from "../ports/issuer_reader.ts";
import type { RelationAnswer, RelationCall, RelationFacts } from "../ports/relation_facts.ts";
import { ANY_RELATION, bucketEntryId, RELATION_ANSWER_MS } from "../protocol/relation_entries.ts";

/** What is fetched at once for one call: more would let it occupy the issuer, and is undecided. */
const MAX_FETCHED = 5 * MAX_CHECKS;
const ENTRY_BYTES = 256;
/** For so long a store is not asked again for what lies further ahead of it than it could have come meanwhile. */
const AHEAD_MS = 1_000;
/** More than are made in that time: each is a transaction of its own. */
const MOST_CHANGES = 1_000;

interface Held {
  readonly answer: RelationAnswer;
  readonly revision: number;
  /** The feed's names of what the answer was made of; null for everything. */
  readonly reads: readonly string[] | null;
  readonly askedAtMs: number;
}

/** Questions that are sent together. */
interface Gathered {
  readonly call: RelationCall;
  readonly checks: RelationCheck[];
  readonly told: Promise<readonly Held[]>;
}

/**
 * Answers about relations in one isolate. Each is kept with the revision that it is of and with what it was made of, so that it is used
 * for as long as the feed tells of no later change of that: a change elsewhere ends nothing. None outlives a minute, whatever the feed
 * tells; one in use is fetched anew behind a call after half of that. "No" and "undecided" are kept apart, so that made-up questions
 * cannot push out what was granted.
 */
export class RelationAnswers implements RelationFacts {
  readonly #schema: RelationNames;
  readonly #ask: (checks: readonly RelationCheck[]) => Promise<ToldRelations>;
  readonly #granted = new Lru<Held>({ maxEntries: 10_000, maxBytes: 4 * 1024 * 1024 });
  readonly #others = new Lru<Held>({ maxEntries: 5_000, maxBytes: 2 * 1024 * 1024 });
  readonly #asking = new SharedReadings<Held>();
  /** What one call asks in this turn of the event loop, before it is sent. */
  #gathered: Gathered | null = null;
  /** How far the store was when a call demanded more of it. */
  #reached = { revision: 0, atMs: Number.NEGATIVE_INFINITY };

  /** `ask` answers up to `MAX_CHECKS` checks by `schema`, and throws `Outage`. */
  constructor(schema: RelationNames, ask: (checks: readonly RelationCheck[]) => Promise<ToldRelations>) {
    this.#schema = schema;
    this.#ask = ask;
  }

  known(check: RelationCheck, call: RelationCall): RelationAnswer | undefined {
    // An id is a caller's: one with a sign of the tuples' own could spell another check.
    if (!isRelationId(check.object.id)) return "undecided";
    const text = tupleText(check);
    const held = this.#granted.get(text) ?? this.#others.get(text);
    if (held === undefined) return canBeAsked(this.#schema, check) ? undefined : "undecided";
    const ageMs = call.nowMs - held.askedAtMs;
    if (ageMs < 0 || ageMs >= RELATION_ANSWER_MS || !isOf(held, call)) return undefined;
    if (ageMs >= RELATION_ANSWER_MS / 2) call.defer(this.#fetch([check], call).catch(() => undefined));
    return held.answer;
  }

  async resolve(
    checks: readonly RelationCheck[],
    call: RelationCall,
  ): Promise<readonly RelationAnswer[] | "unreached"> {
    const answers = checks.map((check) => this.known(check, call));
    const unknown = checks.filter((_, at) => answers[at] === undefined);
    if (unknown.length > MAX_FETCHED) return answers.map((answer) => answer ?? "undecided");
    if (unknown.length > 0 && this.#isFarAhead(call)) return "unreached";
    const fetched = unknown.length === 0 ? [] : await this.#proven(unknown, call);
    if (fetched === "unreached") return fetched;
    let next = 0;
    return answers.map((answer) => answer ?? fetched[next++]?.answer ?? "undecided");
  }

  /**
   * A reading that others began may be older than what this call has to know of: then it is read again, for this call alone, and so is what changed on its
   * way. A reading of its own is taken as it is, for it was made during the call; but for one from before a change that this isolate had been told of, which is
   * no state that the store was in. A store that had not come so far by then was never there: whoever makes up a revision pays for one reading.
   */
  async #proven(checks: readonly RelationCheck[], call: RelationCall): Promise<readonly Held[] | "unreached"> {
    const own = new Set<Held>();
    const shared = await this.#fetch(checks, call, own);
    if (this.#isShort([...own], call)) return "unreached";
    const late = checks.filter((_, at) => !isProven(shared[at], call));
    if (late.length === 0) return shared;
    const least = call.view.leastEpoch("relation", ANY_RELATION);
    const again = await this.#read(late, call);
    if (again.some(({ revision }) => revision < least)) throw new Outage("relations", { cause: "an earlier revision" });
    if (this.#isShort(again, call)) return "unreached";
    let next = 0;
    return shared.map((held) => (isProven(held, call) ? held : (again[next++] ?? held)));
  }

  /**
   * Whether readings of `call`'s own say that what it demands was never there; that is remembered. A store that went back in time says nothing of what was
   * there before.
   */
  #isShort(own: readonly Held[], { atLeast, nowMs, view }: RelationCall): boolean {
    const short = own.find(({ revision }) => revision < atLeast && isBefore(view, ANY_RELATION, revision));
    if (short !== undefined) this.#reached = { revision: short.revision, atMs: nowMs };
    return short !== undefined;
  }

  #isFarAhead({ atLeast, nowMs }: RelationCall): boolean {
    const { revision, atMs } = this.#reached;
    return nowMs >= atMs && nowMs - atMs < AHEAD_MS && atLeast > revision + MOST_CHANGES;
  }

  /** One question for all of `checks` that nobody has asked yet: what it tells is put into `own`. */
  #fetch(checks: readonly RelationCheck[], call: RelationCall, own?: Set<Held>): Promise<readonly Held[]> {
    const asked: RelationCheck[] = [];
    const { promise: sent, resolve: send } = Promise.withResolvers<Promise<readonly Held[]>>();
    const answers = checks.map((check) =>
      this.#asking.join(tupleText(check), call.nowMs, call.defer, async () => {
        const at = asked.push(check) - 1;
        const held = (await await sent)[at];
        if (held === undefined) throw new Outage("relations", { cause: "an answer is missing" });
        own?.add(held);
        return held;
      }),
    );
    send(asked.length === 0 ? Promise.resolve([]) : this.#read(asked, call));
    return Promise.all(answers);
  }

  /** What `call` asks about one subject and another in the same turn goes as one question: a search has fifty of them. */
  async #read(checks: readonly RelationCheck[], call: RelationCall): Promise<readonly Held[]> {
    const gathered = this.#gathered?.call === call ? this.#gathered : this.#gather(call);
    const from = gathered.checks.length;
    gathered.checks.push(...checks);
    return (await gathered.told).slice(from, from + checks.length);
  }

  #gather(call: RelationCall): Gathered {
    const checks: RelationCheck[] = [];
    const send = () => {
      if (this.#gathered === gathered) this.#gathered = null;
      return this.#readParts(checks, call.nowMs);
    };
    const gathered = { call, checks, told: Promise.resolve().then(send) };
    this.#gathered = gathered;
    return gathered;
  }

  async #readParts(checks: readonly RelationCheck[], nowMs: number): Promise<readonly Held[]> {
    const parts = Array.from({ length: Math.ceil(checks.length / MAX_CHECKS) }, (_, at) =>
      checks.slice(at * MAX_CHECKS, (at + 1) * MAX_CHECKS),
    );
    const told = await Promise.all(parts.map((part) => this.#readPart(part, nowMs)));
    return told.flat();
  }

  async #readPart(checks: readonly RelationCheck[], nowMs: number): Promise<readonly Held[]> {
    const { revision, findings } = await this.#ask(checks);
    if (findings.length !== checks.length) throw new Outage("relations", { cause: "another number of answers" });
    return findings.map((finding, at) => this.#keep(checks[at], heldOf(finding, revision, nowMs)));
  }

  /**
   * The later revision stays, whichever of two readings ends last, and whichever call came first; but not once it is of no more use: a store that went
   * back in time is believed again then.
   */
  #keep(check: RelationCheck | undefined, held: Held): Held {
    if (check === undefined) return held;
    const text = tupleText(check);
    const before = this.#granted.get(text) ?? this.#others.get(text);
    const isUsable = before !== undefined && held.askedAtMs - before.askedAtMs < RELATION_ANSWER_MS;
    if (isUsable && before.revision > held.revision) return held;
    this.#granted.delete(text);
    this.#others.delete(text);
    const bytes = ENTRY_BYTES + 2 * text.length + 8 * (held.reads?.length ?? 0);
    (held.answer === true ? this.#granted : this.#others).set(text, held, bytes);
    return held;
  }
}

/** Whether `held` counts for `call`: of its revision or a later one, and with nothing changed since of what it was made of. */
function isOf({ revision, reads }: Held, { view, atLeast }: RelationCall): boolean {
  if (revision < atLeast) return false;
  if (reads === null) return isBefore(view, ANY_RELATION, revision);
  for (const id of reads) if (!isBefore(view, id, revision)) return false;
  return true;
}

function isProven(held: Held | undefined, call: RelationCall): boolean {
  return held !== undefined && isOf(held, call);
}

function isBefore(view: RevocationView, id: string, revision: number): boolean {
  return view.leastEpoch("relation", id) <= revision;
}

function heldOf({ answer, reads }: ToldFinding, revision: number, askedAtMs: number): Held {
  return { answer, revision, reads: reads === null ? null : reads.map(bucketEntryId), askedAtMs };
}

import type { KnownRelations, RelationCheck, ResourceRef } from "../policy/decision_facts.ts";
import { principalRef, tupleText } from "../policy/relations/terms.ts";
import type { RelationAnswer, RelationCall, RelationFacts } from "../ports/relation_facts.ts";

/** Whom the call is by, as it stands in its credential. */
interface CallSubject {
  readonly kind: string;
  readonly id: string;
  readonly issuer: string | null;
}

/** The bounds have no answer to a question: whatever asks it fails. */
export class UndecidedRelation extends Error {
  override readonly name = "UndecidedRelation";

  constructor(check: RelationCheck) {
    super(`whether ${tupleText(check)} holds is undecided`);
  }
}

/**
 * The relations that one call asks about: what is in memory, and what was fetched for it. What was fetched holds for the whole call. A
 * rule names the caller by the id that stands in the credential; tuples mean somebody of another issuer by both, so that no issuer can
 * speak for a subject of ours.
 */
export class CallRelations implements KnownRelations {
  readonly #facts: RelationFacts;
  readonly #call: RelationCall;
  readonly #principal: CallSubject;
  readonly #subject: ResourceRef;
  /** Null until something is fetched: a warm call keeps nothing. */
  #fetched: Map<string, RelationAnswer> | null = null;

  /** `ownIssuer` is the issuer whose subjects tuples name by their id alone. */
  constructor(facts: RelationFacts, call: RelationCall, principal: CallSubject, ownIssuer: string) {
    this.#facts = facts;
    this.#call = call;
    this.#principal = principal;
    this.#subject = principalRef(principal, ownIssuer);
  }

  /** The answer; undefined where `resolve` has to fetch it. Throws `UndecidedRelation`: a rule that asks fails, and so denies. */
  known(check: RelationCheck): boolean | undefined {
    const asked = this.#meant(check);
    const answer = this.#fetched?.get(tupleText(asked)) ?? this.#facts.known(asked, this.#call);
    if (answer === "undecided") throw new UndecidedRelation(asked);
    return answer;
  }

  /** Fetches the answers to `checks`: `known` has them from here on, unless the store has not seen what the call demands. Throws `Outage`. */
  async resolve(checks: readonly RelationCheck[]): Promise<"known" | "unreached"> {
    const asked = checks.map((check) => this.#meant(check));
    const answers = await this.#facts.resolve(asked, this.#call);
    if (answers === "unreached") return answers;
    this.#fetched ??= new Map();
    for (const [at, check] of asked.entries()) {
      const answer = answers[at];
      if (answer !== undefined) this.#fetched.set(tupleText(check), answer);
    }
    return "known";
  }

  #meant(check: RelationCheck): RelationCheck {
    const { subject } = check;
    const isCaller = subject.type === this.#principal.kind && subject.id === this.#principal.id;
    return isCaller && subject.relation === undefined ? { ...check, subject: this.#subject } : check;
  }
}

import { type ClientKind, clientKind } from "../policy/client_kind.ts";
import type { EnvironmentFacts } from "../policy/decision_facts.ts";
import type { EdgeFacts } from "../policy/edge_facts.ts";
import { NO_SIGN_IN, type SignIn } from "../protocol/sign_in_claims.ts";
import type { Call } from "./gate.ts";

/** Where, when and how a call is made, for rules. What costs a look at headers or at the platform's facts is read where a rule names it. */
export class CallEnvironment implements EnvironmentFacts {
  readonly nowMs: number;
  readonly #call: Call;
  readonly #signIn: SignIn;
  #edge: EdgeFacts | null = null;
  #kind: ClientKind | null = null;

  /** `signIn` is that of the credential; absent where nobody signed in. */
  constructor(call: Call, signIn: SignIn | undefined) {
    this.nowMs = call.nowMs;
    this.#call = call;
    this.#signIn = signIn ?? NO_SIGN_IN;
  }

  get address(): string | null {
    const { exactAddress } = this.#call;
    return exactAddress === "unknown" ? null : exactAddress;
  }

  get country(): string | null {
    return this.#edgeFacts().country;
  }

  get asn(): number | null {
    return this.#edgeFacts().asn;
  }

  get tlsVersion(): string | null {
    return this.#call.connection.tlsVersion();
  }

  get deviceType(): string {
    return this.#clientKind().deviceType;
  }

  get clientType(): string {
    return this.#clientKind().clientType;
  }

  get authTimeSeconds(): number | null {
    return this.#signIn.authTimeSeconds;
  }

  get acr(): string | null {
    return this.#signIn.acr;
  }

  get amr(): readonly string[] {
    return this.#signIn.amr;
  }

  #edgeFacts(): EdgeFacts {
    this.#edge ??= this.#call.edge();
    return this.#edge;
  }

  #clientKind(): ClientKind {
    this.#kind ??= clientKind(this.#call.header);
    return this.#kind;
  }
}

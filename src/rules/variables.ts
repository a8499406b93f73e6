import type { Attributes, DecisionFacts, RelationCheck, ResourceRef } from "../policy/decision_facts.ts";
import { principalRef } from "../policy/relations/terms.ts";
import { authenticationAge } from "../policy/step_up.ts";
import { type AttributeReader, attributeReader, namesOf } from "./attribute_value.ts";
import { boundedBody } from "./bounded_body.ts";
import type { CelClass } from "./cel.ts";
import type { AttributeTypes } from "./rule_schema.ts";

/* What the names in a rule stand for: made of a call's facts when the first rule asks for it, once for all rules of the call. */

/** What the values hold beside what rules may name: no name of a rule reaches a symbol. */
export const CALL = Symbol("call");
export const REF = Symbol("ref");
const READ = Symbol("read");
const ATTRIBUTES = Symbol("attributes");

/** Where `can` and the like find the call that a value belongs to. */
export interface CallState {
  readonly facts: DecisionFacts;
  /** Relations that were asked for and are not known; null where there are none. */
  wanted: RelationCheck[] | null;
}

/** The principal of a call. */
export class PrincipalValue {
  /** Attributes that were read, by their place in the schema. */
  readonly [READ]: unknown[] = [];
  readonly [CALL]: CallState;
  readonly #ownIssuer: string;
  #id: string | null = null;

  constructor(call: CallState, ownIssuer: string) {
    this[CALL] = call;
    this.#ownIssuer = ownIssuer;
  }

  /** As tuples name it: no issuer can vouch for somebody whose id is that of a person of our own. */
  get id(): string {
    this.#id ??= principalRef(this[CALL].facts.principal, this.#ownIssuer).id;
    return this.#id;
  }

  get kind(): string {
    return this[CALL].facts.principal.kind;
  }

  get issuer(): string | undefined {
    return this[CALL].facts.principal.issuer ?? undefined;
  }

  get clientId(): string | undefined {
    return this[CALL].facts.principal.clientId ?? undefined;
  }

  get scopes(): readonly string[] {
    return namesOf(this[CALL].facts.principal.scopes, "principal.scopes");
  }

  get roles(): readonly string[] {
    return namesOf(this[CALL].facts.principal.roles, "principal.roles");
  }

  get tenant(): string | undefined {
    return this[CALL].facts.principal.tenant ?? undefined;
  }
}

/** The resource that a call is about. */
export class ResourceValue {
  readonly [READ]: unknown[] = [];
  readonly [REF]: ResourceRef;
  readonly [ATTRIBUTES]: Attributes;

  constructor({ type, id, attributes }: ResourceRef & { readonly attributes: Attributes }) {
    this[REF] = { type, id };
    this[ATTRIBUTES] = attributes;
  }

  get type(): string {
    return this[REF].type;
  }

  get id(): string {
    return this[REF].id;
  }
}

/** Another object, by type and id: for `can` alone. */
export class ObjectValue {
  readonly [REF]: ResourceRef;

  constructor(ref: ResourceRef) {
    this[REF] = ref;
  }
}

export class ActionValue {
  readonly id: string;
  readonly type: string;
  readonly name: string;

  constructor({ id, type, name }: DecisionFacts["action"]) {
    this.id = id;
    this.type = type;
    this.name = name;
  }
}

/** What surrounds the call. What is not known is not there, so that a rule that asks for it fails. */
export class EnvironmentValue {
  readonly #facts: DecisionFacts["env"];
  #time: Date | null = null;

  constructor(facts: DecisionFacts["env"]) {
    this.#facts = facts;
  }

  get time(): Date {
    this.#time ??= new Date(this.#facts.nowMs);
    return this.#time;
  }

  get address(): string | undefined {
    return this.#facts.address ?? undefined;
  }

  get country(): string | undefined {
    return this.#facts.country ?? undefined;
  }

  get asn(): bigint | undefined {
    return this.#facts.asn === null ? undefined : BigInt(this.#facts.asn);
  }

  get tlsVersion(): string | undefined {
    return this.#facts.tlsVersion ?? undefined;
  }

  get deviceType(): string | undefined {
    return this.#facts.deviceType ?? undefined;
  }

  get clientType(): string | undefined {
    return this.#facts.clientType ?? undefined;
  }

  /** Seconds since the person proved who they are. */
  get authAge(): bigint | undefined {
    const age = authenticationAge(this.#facts);
    return age === null ? undefined : BigInt(age);
  }

  get acr(): string | undefined {
    return this.#facts.acr ?? undefined;
  }

  get amr(): readonly string[] {
    return namesOf(this.#facts.amr, "env.amr");
  }
}

/** The request itself, as far as rules see it. */
export class RequestValue {
  readonly #body: unknown;
  #isBounded = false;

  constructor(body: unknown) {
    this.#body = body;
  }

  /** Throws `RuleInputError` where it is larger than rules look at. */
  get body(): unknown {
    if (!this.#isBounded) boundedBody(this.#body);
    this.#isBounded = true;
    return this.#body;
  }
}

/** All of them for one call. The library reads them by name, and only those that a rule names. */
export class RuleVariables implements CallState {
  readonly facts: DecisionFacts;
  wanted: RelationCheck[] | null = null;
  readonly #classes: RuleClasses;
  readonly #ownIssuer: string;
  #principal: PrincipalValue | null = null;
  #resource: ResourceValue | null = null;
  #action: ActionValue | null = null;
  #env: EnvironmentValue | null = null;
  #request: RequestValue | null = null;

  constructor(facts: DecisionFacts, classes: RuleClasses, ownIssuer: string) {
    this.facts = facts;
    this.#classes = classes;
    this.#ownIssuer = ownIssuer;
  }

  get principal(): PrincipalValue {
    this.#principal ??= new this.#classes.principal(this, this.#ownIssuer);
    return this.#principal;
  }

  /** Undefined where the call is about none: a rule that names it fails. */
  get resource(): ResourceValue | undefined {
    const { resource } = this.facts;
    if (resource === null) return undefined;
    this.#resource ??= new this.#classes.resource(resource);
    return this.#resource;
  }

  get action(): ActionValue {
    this.#action ??= new ActionValue(this.facts.action);
    return this.#action;
  }

  get env(): EnvironmentValue {
    this.#env ??= new EnvironmentValue(this.facts.env);
    return this.#env;
  }

  get request(): RequestValue {
    this.#request ??= new RequestValue(this.facts.body);
    return this.#request;
  }
}

/** The classes of one language: those of principals and resources have a getter for each attribute that is declared. */
export interface RuleClasses {
  readonly principal: typeof PrincipalValue;
  readonly resource: typeof ResourceValue;
}

/** Classes for a schema's principals and for one type of its resources. */
export function ruleClasses(principal: AttributeTypes, resource: AttributeTypes): RuleClasses {
  class Principal extends PrincipalValue {}
  class Resource extends ResourceValue {}
  defineAttributes(Principal, principal, (value) => value[CALL].facts.principal.attributes, "principal");
  defineAttributes(Resource, resource, (value) => value[ATTRIBUTES], "resource");
  return { principal: Principal, resource: Resource };
}

function defineAttributes<T extends { readonly [READ]: unknown[] }>(
  target: CelClass & { readonly prototype: T },
  types: AttributeTypes,
  attributesOf: (value: T) => Attributes,
  variable: string,
): void {
  for (const [at, [name, type]] of Object.entries(types).entries()) {
    const readAs: AttributeReader = attributeReader(type);
    const what = `${variable}.${name}`;
    Object.defineProperty(target.prototype, name, {
      get(this: T): unknown {
        const known = this[READ][at];
        if (known !== undefined) return known;
        const attributes = attributesOf(this);
        const value = Object.hasOwn(attributes, name) ? attributes[name] : undefined;
        if (value === undefined) return undefined;
        this[READ][at] = readAs(value, what);
        return this[READ][at];
      },
    });
  }
}

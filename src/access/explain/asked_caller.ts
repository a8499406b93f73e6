import { err, ok, type Result } from "../../kernel/result.ts";
import { isJsonObject } from "../../kernel/strict_json.ts";
import { type AttributeType, attributeValue } from "../../policy/attribute_type.ts";
import type { AttributeValue, EnvironmentFacts, SubjectFacts } from "../../policy/decision_facts.ts";
import { PRINCIPAL_TYPES } from "../../policy/relations/terms.ts";
import type { AskedCaller, ExplainFault } from "../../ports/explaining.ts";
import type { KnownSubject, KnownSubjects } from "../../ports/known_subjects.ts";
import { checkAccessTokenClaims, parseAccessTokenClaims } from "../../protocol/access_token.ts";
import type { JsonObject } from "../../protocol/authzen/question.ts";
import { readTenantRoles } from "../../protocol/holdings.ts";
import type { CredentialEntry, ProvenPrincipal } from "../credential_entry.ts";
import type { TrustedIssuer } from "../gate.ts";
import { cachedToken } from "../token_cache.ts";

/** Whoever asks, as the gate would have proven it. */
export interface ToldCaller {
  readonly credential: CredentialEntry;
  /** Whether it was found where subjects are true; null where nobody looked. */
  readonly known: boolean | null;
  /** Why the gate would not take its token, in the log's word; null where it would. */
  readonly refusal: string | null;
}

/** What callers are read with. */
export interface CallerReading {
  readonly issuers: ReadonlyMap<string, TrustedIssuer>;
  /** Attributes of principals as the configuration declares them. */
  readonly principal: Readonly<Record<string, AttributeType>>;
  readonly ownIssuer: string;
  /** Null where nobody knows any: what the question says is all there is. */
  readonly subjects: KnownSubjects | null;
}

type Read<T> = Result<T, ExplainFault>;

/** Reads who asks; null for nobody. What a question says of somebody outdoes what is known. Throws `Outage`. */
export async function askedCaller(
  asked: AskedCaller,
  env: Pick<EnvironmentFacts, "nowMs" | "authTimeSeconds" | "acr" | "amr">,
  reading: CallerReading,
): Promise<Read<ToldCaller | null>> {
  switch (asked.kind) {
    case "nobody":
      return ok(null);
    case "claims":
      return byClaims(asked.claims, env.nowMs, reading);
    case "subject":
      return bySubject(asked, env, reading);
  }
}

function byClaims(claims: JsonObject, nowMs: number, { issuers }: CallerReading): Read<ToldCaller> {
  const parsed = parseAccessTokenClaims(claims);
  if (!parsed.ok) {
    const reason = `are not those of an access token (RFC 9068 §2.2): ${parsed.error}`;
    return err({ field: "claims", reason });
  }
  const credential = cachedToken({ claims: parsed.value, kid: "", standing: null });
  const issuer = issuers.get(parsed.value.iss);
  const refusal =
    issuer === undefined ? "token_issuer_unknown" : checkAccessTokenClaims(parsed.value, issuer, nowMs / 1000);
  return ok({ credential, known: null, refusal });
}

async function bySubject(
  { type, id, properties }: Extract<AskedCaller, { kind: "subject" }>,
  { authTimeSeconds, acr, amr }: Pick<EnvironmentFacts, "authTimeSeconds" | "acr" | "amr">,
  reading: CallerReading,
): Promise<Read<ToldCaller>> {
  const kind = PRINCIPAL_TYPES.find((one) => one === type);
  if (kind === undefined) return fault("subject.type", `is none of ${PRINCIPAL_TYPES.join(", ")}`);
  const said = readSaid(properties, reading.principal);
  if (!said.ok) return said;
  const isOwn = said.value.issuer === null || said.value.issuer === reading.ownIssuer;
  const [found = null] = isOwn && reading.subjects !== null ? await reading.subjects.find(kind, [id]) : [];
  const principal = principalOf(kind, id, found, said.value, reading.ownIssuer);
  const credential = {
    principal,
    credentialId: "",
    expiresAtMs: null,
    identities: new Map(),
    signIn: { authTimeSeconds, acr, amr },
  };
  return ok({ credential, known: isOwn && reading.subjects !== null ? found !== null : null, refusal: null });
}

interface Said {
  readonly issuer: string | null;
  readonly clientId: string | null;
  readonly scopes: readonly string[] | null;
  readonly roles: readonly string[] | null;
  readonly tenantRoles: ReadonlyMap<string, readonly string[]> | null;
  readonly attributes: Readonly<Record<string, AttributeValue>>;
  readonly publishable: boolean;
}

const SAID = ["issuer", "client_id", "scopes", "roles", "tenant_roles", "attributes", "publishable"];

function readSaid(properties: JsonObject, declared: CallerReading["principal"]): Read<Said> {
  const stranger = Object.keys(properties).find((name) => !SAID.includes(name));
  if (stranger !== undefined) return fault("subject.properties", `can say ${SAID.join(", ")}, and nothing else`);
  const { issuer, client_id: clientId, scopes, roles, tenant_roles: tenants, publishable } = properties;
  for (const [name, value] of Object.entries({ issuer, client_id: clientId })) {
    if (value !== undefined && typeof value !== "string") return fault(`subject.properties.${name}`, "is no text");
  }
  for (const [name, value] of Object.entries({ scopes, roles })) {
    if (value !== undefined && !isTextList(value)) return fault(`subject.properties.${name}`, "is no list of texts");
  }
  const tenantRoles = tenants === undefined ? null : readTenantRoles(tenants);
  if (tenants !== undefined && tenantRoles === null) {
    return fault("subject.properties.tenant_roles", "is no object of lists of roles by tenant");
  }
  const attributes = readAttributes(properties.attributes, declared, "subject.properties.attributes");
  if (!attributes.ok) return attributes;
  return ok({
    issuer: typeof issuer === "string" ? issuer : null,
    clientId: typeof clientId === "string" ? clientId : null,
    scopes: isTextList(scopes) ? scopes : null,
    roles: isTextList(roles) ? roles : null,
    tenantRoles,
    attributes: attributes.value,
    publishable: publishable === true,
  });
}

/** `told` as attributes that are declared; a fault names the first that is none. */
export function readAttributes(
  told: unknown,
  declared: Readonly<Record<string, AttributeType>>,
  field: string,
): Read<Readonly<Record<string, AttributeValue>>> {
  if (told === undefined) return ok({});
  if (!isJsonObject(told)) return fault(field, "is no object");
  const attributes: Record<string, AttributeValue> = {};
  for (const [name, value] of Object.entries(told)) {
    const type = Object.hasOwn(declared, name) ? declared[name] : undefined;
    if (type === undefined) return fault(field, "names an attribute that the configuration does not declare");
    const read = attributeValue(value, type);
    if (read === null) return fault(`${field}.${name}`, `is no ${type}`);
    attributes[name] = read;
  }
  return ok(attributes);
}

function principalOf(
  kind: SubjectFacts["kind"],
  id: string,
  found: KnownSubject | null,
  said: Said,
  ownIssuer: string,
): ProvenPrincipal {
  const held = {
    scopes: said.scopes ?? found?.scopes ?? [],
    roles: said.roles ?? found?.roles ?? [],
    tenantRoles: said.tenantRoles ?? found?.tenantRoles,
    attributes: { ...found?.attributes, ...said.attributes },
  };
  const issuer = said.issuer ?? ownIssuer;
  switch (kind) {
    case "user":
      return { v: 1, kind, id, issuer, clientId: said.clientId ?? "", ...held };
    case "client":
      return { v: 1, kind, id, issuer, ...held };
    case "api_key":
      return { v: 1, kind, id, publishable: said.publishable, ...held };
  }
}

function fault(field: string, reason: string): { readonly ok: false; readonly error: ExplainFault } {
  return err({ field, reason });
}

function isTextList(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}

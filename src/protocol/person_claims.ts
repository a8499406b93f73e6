/** What is known of a person: the standard claims of OpenID Connect Core §5.1 that exist here; absent ones are unknown. */
export interface KnownPerson {
  readonly email: string;
  readonly emailVerified: boolean;
  readonly profile: {
    readonly name?: string;
    readonly givenName?: string;
    readonly familyName?: string;
    readonly nickname?: string;
    readonly picture?: string;
    readonly locale?: string;
    readonly zoneinfo?: string;
    readonly phoneNumber?: string;
    readonly phoneNumberVerified?: boolean;
    readonly address?: string;
  };
  /** Unix milliseconds. */
  readonly updatedAtMs: number;
}

/** Every claim that some scope opens. */
export const PERSON_CLAIMS = [
  "name",
  "given_name",
  "family_name",
  "nickname",
  "picture",
  "locale",
  "zoneinfo",
  "updated_at",
  "email",
  "email_verified",
  "phone_number",
  "phone_number_verified",
  "address",
] as const;

type Claims = Readonly<Partial<Record<(typeof PERSON_CLAIMS)[number], unknown>>>;

/**
 * What `scopes` let a client know of `person` (OpenID Connect Core §5.4): nothing beyond them, and no claim that is not
 * known (§5.3.2: never null, never empty).
 */
export function personClaims(person: KnownPerson, scopes: readonly string[]): Claims {
  const claims = {
    ...(scopes.includes("profile") ? profileClaims(person) : {}),
    ...(scopes.includes("email") ? { email: person.email, email_verified: person.emailVerified } : {}),
    ...(scopes.includes("phone") ? phoneClaims(person) : {}),
    ...(scopes.includes("address") ? addressClaim(person) : {}),
  };
  return Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined && value !== ""));
}

function profileClaims({ profile, updatedAtMs }: KnownPerson): Claims {
  return {
    name: profile.name,
    given_name: profile.givenName,
    family_name: profile.familyName,
    nickname: profile.nickname,
    picture: profile.picture,
    locale: profile.locale,
    zoneinfo: profile.zoneinfo,
    updated_at: Math.floor(updatedAtMs / 1000),
  };
}

function phoneClaims({ profile: { phoneNumber, phoneNumberVerified } }: KnownPerson): Claims {
  if (phoneNumber === undefined || phoneNumber === "") return {};
  return { phone_number: phoneNumber, phone_number_verified: phoneNumberVerified ?? false };
}

function addressClaim({ profile: { address } }: KnownPerson): Claims {
  return address === undefined || address === "" ? {} : { address: { formatted: address } };
}

import * as z from "zod";
import type { UserPatch } from "../managing/change_user.ts";
import type { UserDraft } from "../managing/create_user.ts";
import type { GrantSummary, SessionRecord } from "../ports/accounts.ts";
import type { UserProfile, UserRecord } from "../ports/users.ts";
import { webHref } from "../protocol/display_uri.ts";
import {
  attributesField,
  holdingShapes,
  isoTime,
  nameField,
  rolesField,
  showHoldings,
  timeShape,
} from "./field_shapes.ts";

/** A user in JSON, with claims in the names of OpenID Connect Core §5.1. */
const pictureField = z
  .string()
  .max(2_048)
  .refine((text) => text.startsWith("https:") && webHref(text) === text, "must be an https URL in its normal spelling");
const addressField = z
  .string()
  .min(1)
  .max(500)
  .refine((text) => !/[^\P{C}\n]/u.test(text), "has control or invisible characters")
  .describe("One postal address, its lines parted by \\n.");

const profileField = z
  .strictObject({
    name: nameField.optional(),
    given_name: nameField.optional(),
    family_name: nameField.optional(),
    nickname: nameField.optional(),
    picture: pictureField.optional(),
    locale: z
      .string()
      .max(35)
      .regex(/^[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*$/)
      .optional(),
    zoneinfo: z
      .string()
      .max(64)
      .regex(/^[A-Za-z][\w+-]*(?:\/[A-Za-z0-9][\w+-]*)*$/)
      .optional(),
    phone_number: z
      .string()
      .regex(/^\+[0-9][0-9 ().-]{5,30}$/)
      .optional(),
    phone_number_verified: z.boolean().optional(),
    address: addressField.optional(),
  })
  .describe("Claims that clients get by scope; what is unknown is left out.");

type ProfileJson = z.output<typeof profileField>;

/** The body of `POST /users`, read as a draft. There is no password in it, nor anywhere in this API. */
export const newUserBody = z
  .strictObject({
    email: z.string().min(3).max(254).describe("Gets the invitation. One account per address."),
    profile: profileField.default({}),
    roles: rolesField.default([]),
    attributes: attributesField.optional(),
  })
  .transform(({ profile, ...given }): UserDraft => ({ ...given, profile: readProfile(profile) }));

/** The body of `PATCH /users/{user_id}`, read as a patch. */
export const userPatchBody = z
  .strictObject({
    profile: profileField.optional().describe("Replaces the whole profile."),
    roles: rolesField.optional(),
    attributes: attributesField.optional(),
    disabled: z.boolean().optional(),
  })
  .transform(
    ({ profile, ...given }): UserPatch => ({
      ...given,
      profile: profile === undefined ? undefined : readProfile(profile),
    }),
  );

/** A user in answers. */
export const userShape = z.strictObject({
  id: z.string(),
  email: z.string(),
  email_verified: z.boolean(),
  has_password: z.boolean().describe("false until the owner has chosen one."),
  profile: profileField,
  roles: z.array(z.string()),
  ...holdingShapes,
  disabled: z.boolean(),
  created_at: timeShape,
  updated_at: timeShape,
});

/** A user in the answer that made it. */
export const newUserShape = userShape.extend({
  invitation: z
    .literal("mailed")
    .describe("A link to choose a password is on its way to the user, and to nobody else."),
});

export const userListShape = z.strictObject({ data: z.array(userShape), next_cursor: z.string().nullable() });

/** A browser session in answers. */
const userSessionShape = z.strictObject({
  id: z.string(),
  label: z.string().describe("What kind of browser."),
  amr: z.array(z.string()),
  acr: z.string().nullable(),
  created_at: timeShape,
  auth_time: timeShape,
  last_seen_at: timeShape,
  ends_at: timeShape,
});

export const userSessionListShape = z.strictObject({ data: z.array(userSessionShape) });

/** What one client holds of a user's. */
const userGrantShape = z.strictObject({
  id: z.string(),
  client_id: z.string(),
  scopes: z.array(z.string()),
  resource: z.string().nullable().describe("The API; null for the default one."),
  started_at: timeShape,
  last_used_at: timeShape,
  ends_at: timeShape,
});

export const userGrantListShape = z.strictObject({ data: z.array(userGrantShape) });

/** `user` as JSON: of the password only that there is one. */
export function showUser(user: UserRecord): z.output<typeof userShape> {
  return {
    id: user.id,
    email: user.email,
    email_verified: user.emailVerified,
    has_password: user.passwordHash !== null,
    profile: showProfile(user.profile),
    roles: [...user.roles],
    ...showHoldings(user),
    disabled: user.disabled,
    created_at: isoTime(user.createdAtMs),
    updated_at: isoTime(user.updatedAtMs),
  };
}

export function showUserSession(session: SessionRecord): z.output<typeof userSessionShape> {
  return {
    id: session.id,
    label: session.label,
    amr: [...session.amr],
    acr: session.acr,
    created_at: isoTime(session.createdAtMs),
    auth_time: isoTime(session.authTimeMs),
    last_seen_at: isoTime(session.lastSeenAtMs),
    ends_at: isoTime(session.endsAtMs),
  };
}

export function showUserGrant(grant: GrantSummary): z.output<typeof userGrantShape> {
  return {
    id: grant.grantId,
    client_id: grant.clientId,
    scopes: [...grant.scopes],
    resource: grant.resource,
    started_at: isoTime(grant.startedAtMs),
    last_used_at: isoTime(grant.lastUsedAtMs),
    ends_at: isoTime(grant.endsAtMs),
  };
}

function readProfile(json: ProfileJson): UserProfile {
  return known({
    name: json.name,
    givenName: json.given_name,
    familyName: json.family_name,
    nickname: json.nickname,
    picture: json.picture,
    locale: json.locale,
    zoneinfo: json.zoneinfo,
    phoneNumber: json.phone_number,
    phoneNumberVerified: json.phone_number_verified,
    address: json.address,
  });
}

function showProfile(profile: UserProfile): ProfileJson {
  return known({
    name: profile.name,
    given_name: profile.givenName,
    family_name: profile.familyName,
    nickname: profile.nickname,
    picture: profile.picture,
    locale: profile.locale,
    zoneinfo: profile.zoneinfo,
    phone_number: profile.phoneNumber,
    phone_number_verified: profile.phoneNumberVerified,
    address: profile.address,
  });
}

/** What is unknown is absent, never undefined. */
function known<T extends object>(claims: T): { [Name in keyof T]?: Exclude<T[Name], undefined> } {
  const members = Object.entries(claims).filter(([, value]) => value !== undefined);
  return Object.fromEntries(members) as { [Name in keyof T]?: Exclude<T[Name], undefined> };
}

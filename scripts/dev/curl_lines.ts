import type { Credentials } from "../seed/credentials.ts";

/**
 * Three lines to paste, one after the other or the third alone: a token, a call with it, a call with an API key.
 * They need a POSIX shell, curl and sed. No character in the credentials means anything to a shell.
 */
export function curlLines({ gateway, issuer, machine, api_keys }: Credentials): readonly [string, string, string] {
  const ask = `curl -sS -u '${machine.client_id}:${machine.client_secret}' -d grant_type=client_credentials -d scope=orders:read ${issuer}/oauth2/token`;
  const pick = `sed -n 's/.*"access_token" *: *"\\([^"]*\\)".*/\\1/p'`;
  return [
    `TOKEN=$(${ask} | ${pick}); echo "$TOKEN"`,
    `curl -sS -w '\\n' -H "Authorization: Bearer $TOKEN" ${gateway}/orders`,
    `curl -sS -w '\\n' -H 'X-API-Key: ${api_keys.live}' ${gateway}/orders`,
  ];
}

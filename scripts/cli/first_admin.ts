import { platformRandom } from "../../src/kernel/random.ts";
import { hashClientSecret, newClientSecret } from "../../src/protocol/client_secret.ts";
import { newClientId, newClientSecretId } from "../../src/protocol/ids.ts";
import { ADMIN_SCOPE } from "../../src/protocol/token_target.ts";

/**
 * Prints the SQL that makes the first administrator of an installation, on standard output, and its credentials, once,
 * on standard error. The SQL holds the secret's digest alone, so it may lie in a file or a shell's history.
 */
export async function firstAdminCommand(): Promise<number> {
  const id = newClientId(platformRandom);
  const secret = newClientSecret(platformRandom);
  const now = Date.now();
  const values = [id, "First administrator", '["client_secret_basic","client_secret_post"]', '["client_credentials"]'];
  const quoted = [...values, `["${ADMIN_SCOPE}"]`, "[]"].map((value) => `'${value}'`).join(", ");
  console.log(`INSERT INTO clients (id, name, auth_methods, grant_types, scopes, roles, created_at, updated_at)
  VALUES (${quoted}, ${now}, ${now});
INSERT INTO client_secrets (id, client_id, hash, last_four, created_at)
  VALUES ('${newClientSecretId(platformRandom)}', '${id}', '${await hashClientSecret(secret)}', '${secret.slice(-4)}', ${now});`);
  console.error(`\nclient_id      ${id}\nclient_secret  ${secret}\n\nThe secret is shown this once.`);
  return 0;
}

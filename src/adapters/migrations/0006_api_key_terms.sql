-- What API keys are bound to, who answers for them, when they were used, and where they leaked. Times are Unix milliseconds.

ALTER TABLE api_keys ADD COLUMN owner TEXT;
-- A JSON object of short texts: what operators note.
ALTER TABLE api_keys ADD COLUMN metadata TEXT NOT NULL DEFAULT '{}';
-- A JSON object: addresses, origins, limits, credits. What is absent binds nothing.
ALTER TABLE api_keys ADD COLUMN terms TEXT NOT NULL DEFAULT '{}';

CREATE INDEX api_keys_by_owner ON api_keys (owner, created_at, id) WHERE owner IS NOT NULL;
CREATE INDEX api_key_secrets_by_last_four ON api_key_secrets (last_four);

-- Apart from the keys: a use is no change, and must not meet the trigger that counts changes.
CREATE TABLE api_key_uses (
  key_id TEXT PRIMARY KEY REFERENCES api_keys (id) ON DELETE CASCADE,
  used_at INTEGER NOT NULL
) STRICT;

-- Strings that were reported as found in public. They outlive their key's strings, so that a repeated report is known as one.
CREATE TABLE api_key_leaks (
  hash TEXT PRIMARY KEY,
  key_id TEXT NOT NULL REFERENCES api_keys (id) ON DELETE CASCADE,
  last_four TEXT NOT NULL,
  found_at INTEGER NOT NULL,
  source TEXT NOT NULL,
  url TEXT
) STRICT;

CREATE INDEX api_key_leaks_by_key ON api_key_leaks (key_id, found_at);

-- The issuer's source of truth for machine callers. Times are Unix milliseconds; lists are JSON arrays.

CREATE TABLE clients (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  auth_methods TEXT NOT NULL,
  grant_types TEXT NOT NULL,
  scopes TEXT NOT NULL,
  default_scopes TEXT,
  roles TEXT NOT NULL,
  disabled INTEGER NOT NULL DEFAULT 0,
  -- Grows with each change that must end what was issued before; access tokens carry the value they were minted under.
  epoch INTEGER NOT NULL DEFAULT 1,
  -- Grows by one with each change, secrets included.
  version INTEGER NOT NULL DEFAULT 1,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;

CREATE INDEX clients_by_age ON clients (created_at, id);

-- Two writers who read the same version cannot both win: the second one's whole batch is rolled back.
CREATE TRIGGER clients_version BEFORE UPDATE ON clients WHEN NEW.version <> OLD.version + 1
BEGIN SELECT RAISE(ABORT, 'version_conflict'); END;

CREATE TABLE client_secrets (
  id TEXT PRIMARY KEY,
  client_id TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
  -- base64url of SHA-256 over the whole secret, which has 256 random bits.
  hash TEXT NOT NULL UNIQUE,
  last_four TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER
) STRICT;

CREATE INDEX client_secrets_by_client ON client_secrets (client_id);

CREATE TABLE api_keys (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  environment TEXT NOT NULL CHECK (environment IN ('live', 'test')),
  kind TEXT NOT NULL CHECK (kind IN ('secret', 'publishable')),
  scopes TEXT NOT NULL,
  roles TEXT NOT NULL,
  disabled INTEGER NOT NULL DEFAULT 0,
  expires_at INTEGER,
  -- Grows by one with each change; the gate's copies carry it, and the edge feed names the least one that counts.
  epoch INTEGER NOT NULL DEFAULT 1,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;

CREATE INDEX api_keys_by_age ON api_keys (created_at, id);

CREATE TRIGGER api_keys_epoch BEFORE UPDATE ON api_keys WHEN NEW.epoch <> OLD.epoch + 1
BEGIN SELECT RAISE(ABORT, 'version_conflict'); END;

-- One row for each string that opens the key: two while a rotation overlaps.
CREATE TABLE api_key_secrets (
  -- base64url of SHA-256 over the whole key string.
  hash TEXT PRIMARY KEY,
  key_id TEXT NOT NULL REFERENCES api_keys (id) ON DELETE CASCADE,
  last_four TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  -- When this string stops working although the key goes on; null for the current one.
  expires_at INTEGER
) STRICT;

CREATE INDEX api_key_secrets_by_key ON api_key_secrets (key_id);

-- Entries for the edge feed, written in the same batch as the change that they announce.
CREATE TABLE outbox (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL,
  subject TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  until INTEGER NOT NULL,
  -- JSON array of the API key hashes whose copies at the gate have to be written anew.
  project TEXT NOT NULL DEFAULT '[]'
) STRICT;

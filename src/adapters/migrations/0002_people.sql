-- People, what they agreed to, and the metadata of clients that act for them. Times are Unix milliseconds; lists are JSON arrays.

ALTER TABLE clients ADD COLUMN application_type TEXT NOT NULL DEFAULT 'web' CHECK (application_type IN ('web', 'native'));
ALTER TABLE clients ADD COLUMN redirect_uris TEXT NOT NULL DEFAULT '[]';
ALTER TABLE clients ADD COLUMN post_logout_redirect_uris TEXT NOT NULL DEFAULT '[]';
ALTER TABLE clients ADD COLUMN backchannel_logout_uri TEXT;
ALTER TABLE clients ADD COLUMN subject_type TEXT NOT NULL DEFAULT 'public' CHECK (subject_type IN ('public', 'pairwise'));
-- The sector of pairwise subjects: the host that all redirect URIs share.
ALTER TABLE clients ADD COLUMN sector TEXT;
ALTER TABLE clients ADD COLUMN id_token_algorithm TEXT NOT NULL DEFAULT 'RS256';
ALTER TABLE clients ADD COLUMN first_party INTEGER NOT NULL DEFAULT 0;
-- 0 only for a confidential client that an operator exempted, which must then send a nonce (RFC 9700 2.1.1).
ALTER TABLE clients ADD COLUMN require_pkce INTEGER NOT NULL DEFAULT 1;
ALTER TABLE clients ADD COLUMN client_uri TEXT;

CREATE TABLE users (
  id TEXT PRIMARY KEY,
  email TEXT NOT NULL,
  -- The form in which names are compared: one account per address, however it is written.
  normalised_email TEXT NOT NULL UNIQUE,
  email_verified INTEGER NOT NULL DEFAULT 0,
  -- PHC string with its parameters and salt; null where the account has no password.
  password_hash TEXT,
  profile TEXT NOT NULL DEFAULT '{}',
  roles TEXT NOT NULL DEFAULT '[]',
  disabled INTEGER NOT NULL DEFAULT 0,
  version INTEGER NOT NULL DEFAULT 1,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;

CREATE INDEX users_by_age ON users (created_at, id);

CREATE TRIGGER users_version BEFORE UPDATE ON users WHEN NEW.version <> OLD.version + 1
BEGIN SELECT RAISE(ABORT, 'version_conflict'); END;

CREATE TABLE pairwise_subjects (
  subject TEXT PRIMARY KEY,
  user_id TEXT NOT NULL,
  sector TEXT NOT NULL,
  UNIQUE (user_id, sector)
) STRICT;

CREATE TABLE consents (
  user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  client_id TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
  resource TEXT NOT NULL,
  scopes TEXT NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (user_id, client_id, resource)
) STRICT;

-- Links that were mailed: only the hash of the secret is kept.
CREATE TABLE action_links (
  hash TEXT PRIMARY KEY,
  purpose TEXT NOT NULL CHECK (purpose IN ('verify_email', 'reset_password')),
  user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  email TEXT NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT;

CREATE INDEX action_links_by_user ON action_links (user_id, purpose);
CREATE INDEX action_links_by_end ON action_links (expires_at);

-- Mail on its way. Where no mail binding is configured it stays here, readable by operators.
CREATE TABLE mail_outbox (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  recipient TEXT NOT NULL,
  kind TEXT NOT NULL,
  subject TEXT NOT NULL,
  body TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  sent_at INTEGER
) STRICT;

CREATE TABLE security_events (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  user_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  detail TEXT NOT NULL DEFAULT '{}',
  at INTEGER NOT NULL
) STRICT;

CREATE INDEX security_events_by_user ON security_events (user_id, seq);

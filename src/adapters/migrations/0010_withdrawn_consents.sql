-- When a user took back what was agreed to for a client: a decision on a request from before it that comes late is not kept.
CREATE TABLE withdrawn_consents (
  user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  client_id TEXT NOT NULL,
  withdrawn_at INTEGER NOT NULL,
  PRIMARY KEY (user_id, client_id)
) STRICT, WITHOUT ROWID;

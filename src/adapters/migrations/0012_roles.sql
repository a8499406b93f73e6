-- What roles may do, who has them where and until when, and attributes of principals. Times are Unix milliseconds; lists are JSON arrays.

CREATE TABLE roles (
  id TEXT PRIMARY KEY,
  description TEXT NOT NULL,
  permissions TEXT NOT NULL,
  -- The roles whose permissions it has as well.
  inherits TEXT NOT NULL,
  version INTEGER NOT NULL DEFAULT 1,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;

CREATE INDEX roles_by_age ON roles (created_at, id);

CREATE TRIGGER roles_version BEFORE UPDATE ON roles WHEN NEW.version <> OLD.version + 1
BEGIN SELECT RAISE(ABORT, 'version_conflict'); END;

-- All roles, closed over inheritance, as gates read them. Each change of any role is a row; the highest version counts.
CREATE TABLE role_books (
  version INTEGER PRIMARY KEY,
  parent INTEGER NOT NULL,
  -- SHA-256 of the body.
  hash TEXT NOT NULL,
  body TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;

-- Of two operators who have seen the same book one is first; the other one's whole batch is rolled back.
CREATE TRIGGER role_books_in_order BEFORE INSERT ON role_books
WHEN NEW.parent <> (SELECT coalesce(max(version), 0) FROM role_books) OR NEW.version <= NEW.parent
BEGIN SELECT RAISE(ABORT, 'version_conflict'); END;

-- Beside `roles`, which counts everywhere and without end: [{role, tenant, until}], each with a tenant or an end. Attributes are a JSON object.
ALTER TABLE users ADD COLUMN assignments TEXT NOT NULL DEFAULT '[]';
ALTER TABLE users ADD COLUMN attributes TEXT NOT NULL DEFAULT '{}';
ALTER TABLE clients ADD COLUMN assignments TEXT NOT NULL DEFAULT '[]';
ALTER TABLE clients ADD COLUMN attributes TEXT NOT NULL DEFAULT '{}';
ALTER TABLE api_keys ADD COLUMN assignments TEXT NOT NULL DEFAULT '[]';
ALTER TABLE api_keys ADD COLUMN attributes TEXT NOT NULL DEFAULT '{}';

-- Who has which role, for lists. Follows from the rows above by triggers alone: whoever writes those cannot forget it.
CREATE TABLE role_holders (
  subject TEXT NOT NULL,
  role TEXT NOT NULL,
  -- Empty where it counts everywhere.
  tenant TEXT NOT NULL,
  until INTEGER,
  PRIMARY KEY (subject, role, tenant)
) STRICT, WITHOUT ROWID;

CREATE INDEX role_holders_by_role ON role_holders (role, subject, tenant);
CREATE INDEX role_holders_by_tenant ON role_holders (tenant, subject, role);

-- A role that somebody has, or inherits, is not deleted. Assignments that have ended hold nobody up.
CREATE TRIGGER roles_in_use BEFORE DELETE ON roles
WHEN EXISTS (SELECT 1 FROM role_holders WHERE role = OLD.id AND (until IS NULL OR until > unixepoch() * 1000))
  OR EXISTS (SELECT 1 FROM roles r, json_each(r.inherits) i WHERE r.id <> OLD.id AND i.value = OLD.id)
BEGIN SELECT RAISE(ABORT, 'role_in_use'); END;

CREATE TRIGGER users_hold_roles AFTER INSERT ON users
WHEN NEW.roles <> '[]' OR NEW.assignments <> '[]'
BEGIN
  INSERT OR REPLACE INTO role_holders (subject, role, tenant, until)
    SELECT NEW.id, value ->> 'role', coalesce(value ->> 'tenant', ''), value ->> 'until' FROM json_each(NEW.assignments);
  INSERT OR REPLACE INTO role_holders (subject, role, tenant, until)
    SELECT NEW.id, value, '', NULL FROM json_each(NEW.roles);
END;

CREATE TRIGGER users_change_roles AFTER UPDATE OF roles, assignments ON users
WHEN NEW.roles <> OLD.roles OR NEW.assignments <> OLD.assignments
BEGIN
  DELETE FROM role_holders WHERE subject = NEW.id;
  INSERT OR REPLACE INTO role_holders (subject, role, tenant, until)
    SELECT NEW.id, value ->> 'role', coalesce(value ->> 'tenant', ''), value ->> 'until' FROM json_each(NEW.assignments);
  INSERT OR REPLACE INTO role_holders (subject, role, tenant, until)
    SELECT NEW.id, value, '', NULL FROM json_each(NEW.roles);
END;

CREATE TRIGGER users_lose_roles AFTER DELETE ON users
BEGIN DELETE FROM role_holders WHERE subject = OLD.id; END;

CREATE TRIGGER clients_hold_roles AFTER INSERT ON clients
WHEN NEW.roles <> '[]' OR NEW.assignments <> '[]'
BEGIN
  INSERT OR REPLACE INTO role_holders (subject, role, tenant, until)
    SELECT NEW.id, value ->> 'role', coalesce(value ->> 'tenant', ''), value ->> 'until' FROM json_each(NEW.assignments);
  INSERT OR REPLACE INTO role_holders (subject, role, tenant, until)
    SELECT NEW.id, value, '', NULL FROM json_each(NEW.roles);
END;

CREATE TRIGGER clients_change_roles AFTER UPDATE OF roles, assignments ON clients
WHEN NEW.roles <> OLD.roles OR NEW.assignments <> OLD.assignments
BEGIN
  DELETE FROM role_holders WHERE subject = NEW.id;
  INSERT OR REPLACE INTO role_holders (subject, role, tenant, until)
    SELECT NEW.id, value ->> 'role', coalesce(value ->> 'tenant', ''), value ->> 'until' FROM json_each(NEW.assignments);
  INSERT OR REPLACE INTO role_holders (subject, role, tenant, until)
    SELECT NEW.id, value, '', NULL FROM json_each(NEW.roles);
END;

CREATE TRIGGER clients_lose_roles AFTER DELETE ON clients
BEGIN DELETE FROM role_holders WHERE subject = OLD.id; END;

CREATE TRIGGER api_keys_hold_roles AFTER INSERT ON api_keys
WHEN NEW.roles <> '[]' OR NEW.assignments <> '[]'
BEGIN
  INSERT OR REPLACE INTO role_holders (subject, role, tenant, until)
    SELECT NEW.id, value ->> 'role', coalesce(value ->> 'tenant', ''), value ->> 'until' FROM json_each(NEW.assignments);
  INSERT OR REPLACE INTO role_holders (subject, role, tenant, until)
    SELECT NEW.id, value, '', NULL FROM json_each(NEW.roles);
END;

CREATE TRIGGER api_keys_change_roles AFTER UPDATE OF roles, assignments ON api_keys
WHEN NEW.roles <> OLD.roles OR NEW.assignments <> OLD.assignments
BEGIN
  DELETE FROM role_holders WHERE subject = NEW.id;
  INSERT OR REPLACE INTO role_holders (subject, role, tenant, until)
    SELECT NEW.id, value ->> 'role', coalesce(value ->> 'tenant', ''), value ->> 'until' FROM json_each(NEW.assignments);
  INSERT OR REPLACE INTO role_holders (subject, role, tenant, until)
    SELECT NEW.id, value, '', NULL FROM json_each(NEW.roles);
END;

CREATE TRIGGER api_keys_lose_roles AFTER DELETE ON api_keys
BEGIN DELETE FROM role_holders WHERE subject = OLD.id; END;

INSERT INTO role_holders (subject, role, tenant, until)
  SELECT DISTINCT u.id, r.value, '', NULL FROM users u, json_each(u.roles) r
  UNION SELECT c.id, r.value, '', NULL FROM clients c, json_each(c.roles) r
  UNION SELECT k.id, r.value, '', NULL FROM api_keys k, json_each(k.roles) r;

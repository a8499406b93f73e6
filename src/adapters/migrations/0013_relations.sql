-- Who has which relation to what: object#relation@subject. `object` and `subject` are type:id; `subject_relation` is empty but for sets, such
-- as the members of a group. Sets stand apart from single subjects in the key: a group of a million is not read to find what is in it.
CREATE TABLE relation_tuples (
  object TEXT NOT NULL,
  relation TEXT NOT NULL,
  subject_relation TEXT NOT NULL,
  subject TEXT NOT NULL,
  -- Unix milliseconds.
  created_at INTEGER NOT NULL,
  PRIMARY KEY (object, relation, subject_relation, subject)
) STRICT, WITHOUT ROWID;

CREATE INDEX relation_tuples_by_subject ON relation_tuples (subject, subject_relation, relation, object);

-- How many changes there were. One row, which every change writes: so changes have an order, and a reading has its place in it.
CREATE TABLE relation_revision (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  revision INTEGER NOT NULL
) STRICT;

INSERT INTO relation_revision (one, revision) VALUES (1, 0);

-- The last change in each of the buckets that objects with their relation fall into.
CREATE TABLE relation_buckets (
  bucket INTEGER PRIMARY KEY,
  revision INTEGER NOT NULL
) STRICT;

-- What has to be there, or not, for a change to be made: whoever writes here goes on or undoes the whole transaction. It stays empty.
CREATE TABLE relation_preconditions (
  object TEXT NOT NULL,
  relation TEXT NOT NULL,
  subject_relation TEXT NOT NULL,
  subject TEXT NOT NULL,
  present INTEGER NOT NULL
) STRICT;

CREATE TRIGGER relation_preconditions_hold BEFORE INSERT ON relation_preconditions
BEGIN
  SELECT CASE
    WHEN NEW.present <> EXISTS (
      SELECT 1 FROM relation_tuples WHERE object = NEW.object AND relation = NEW.relation
        AND subject_relation = NEW.subject_relation AND subject = NEW.subject
    ) THEN RAISE(ABORT, 'precondition_failed')
    ELSE RAISE(IGNORE)
  END;
END;

-- Who was deleted and still stands in tuples. Their ids never come back, so that these grant nothing; a sweep takes them out.
CREATE TABLE relation_leavers (
  subject TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;

CREATE TRIGGER relations_of_users AFTER DELETE ON users
WHEN EXISTS (SELECT 1 FROM relation_tuples WHERE subject = 'user:' || OLD.id)
BEGIN INSERT OR IGNORE INTO relation_leavers (subject) VALUES ('user:' || OLD.id); END;

CREATE TRIGGER relations_of_clients AFTER DELETE ON clients
WHEN EXISTS (SELECT 1 FROM relation_tuples WHERE subject = 'client:' || OLD.id)
BEGIN INSERT OR IGNORE INTO relation_leavers (subject) VALUES ('client:' || OLD.id); END;

CREATE TRIGGER relations_of_api_keys AFTER DELETE ON api_keys
WHEN EXISTS (SELECT 1 FROM relation_tuples WHERE subject = 'api_key:' || OLD.id)
BEGIN INSERT OR IGNORE INTO relation_leavers (subject) VALUES ('api_key:' || OLD.id); END;

import type { MigrationInterface, QueryRunner } from 'typeorm';

const SQL = `
  ALTER TABLE numbering.leases
    -- the history row of the term that runs; null: the first, whose row has the lease's own id (ruling 27)
    ADD COLUMN term_id             uuid,
    -- when billing last refused, a skip was last told, the grace last reminded of: in this term, once a UTC day each
    ADD COLUMN renewal_refused_at  timestamptz,
    ADD COLUMN renewal_skipped_at  timestamptz,
    ADD COLUMN renewal_reminded_at timestamptz;

  -- what a renewal run walks along, from the earliest end on
  CREATE INDEX leases_renewing ON numbering.leases (effective_until, lease_id)
    WHERE auto_renew AND state IN ('LEASED', 'SUSPENDED');

  -- nothing wrote it before: a term is named by its row in the history, since an owner may move its ends
  DROP TABLE numbering.renewal_attempts;
  CREATE TABLE numbering.renewal_attempts (
    idempotency_key text PRIMARY KEY,
    lease_id        uuid NOT NULL REFERENCES numbering.leases,
    term_id         uuid NOT NULL,
    refusals_before integer NOT NULL CHECK (refusals_before >= 0),
    -- word for word what was asked first: the same key never stands for another question
    question        jsonb NOT NULL,
    asked_at        timestamptz NOT NULL,
    -- since when billing owes an answer: every try of a run went without one
    unanswered_at   timestamptz,
    answer          text CHECK (answer IN ('APPROVED', 'REJECTED')),
    answered_at     timestamptz,
    reference       text,
    -- what it came to is in the ledger, or there is nothing more to come of it
    settled_at      timestamptz,
    UNIQUE (lease_id, term_id, refusals_before),
    CHECK ((answer IS NULL) = (answered_at IS NULL))
  );
  CREATE INDEX renewal_attempts_open ON numbering.renewal_attempts (idempotency_key)
    WHERE settled_at IS NULL;
  CREATE INDEX renewal_attempts_unanswered ON numbering.renewal_attempts (unanswered_at)
    WHERE settled_at IS NULL AND unanswered_at IS NOT NULL;
  GRANT SELECT, INSERT, UPDATE ON numbering.renewal_attempts TO numbering_app;

  -- when a daily job last ran to its end, whoever ran it: a run that was missed is made up for
  CREATE TABLE numbering.job_runs (
    job      text PRIMARY KEY,
    began_at timestamptz NOT NULL
  );
  GRANT SELECT, INSERT, UPDATE ON numbering.job_runs TO numbering_app;
`;

/** What renewals must remember: terms, what was told when, what billing was asked, and the last daily runs. */
export class Renewal1764000000005 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(SQL);
  }

  async down(): Promise<void> {
    throw new Error('Migrations go forward only: restore a backup to go back');
  }
}

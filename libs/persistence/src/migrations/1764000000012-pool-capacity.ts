import type { MigrationInterface, QueryRunner } from 'typeorm';

const SQL = `
  -- No version has written it yet: one row a pool now, with what is told of it.
  DROP TABLE numbering.pool_counts;
  CREATE TABLE numbering.pool_counts (
    operator_id             text NOT NULL REFERENCES numbering.operators,
    block_prefix            text NOT NULL,
    identifier_class        text NOT NULL,
    available               integer NOT NULL CHECK (available >= 0),
    reserved                integer NOT NULL CHECK (reserved >= 0),
    held                    integer NOT NULL CHECK (held >= 0),
    leased                  integer NOT NULL CHECK (leased >= 0),
    suspended               integer NOT NULL CHECK (suspended >= 0),
    quarantine              integer NOT NULL CHECK (quarantine >= 0),
    upcoming                integer NOT NULL CHECK (upcoming >= 0),
    projected_exhaustion_at timestamptz,
    window_days             integer NOT NULL CHECK (window_days > 0),
    PRIMARY KEY (operator_id, block_prefix, identifier_class)
  );

  -- The last measurement of all pools, and by what it is seen that another is due.
  CREATE TABLE numbering.pool_measurement (
    is_only           boolean PRIMARY KEY DEFAULT true CHECK (is_only),
    measured_at       timestamptz NOT NULL,
    took_ms           integer NOT NULL CHECK (took_ms >= 0),
    next_valid_from   timestamptz,
    newest_generation bigint NOT NULL,
    recent_blocks     integer NOT NULL CHECK (recent_blocks >= 0)
  );

  -- How many identifiers of each pool were in use on a day: what consumption is told by (ruling 39).
  CREATE TABLE numbering.pool_snapshots (
    day              date NOT NULL,
    operator_id      text NOT NULL REFERENCES numbering.operators,
    block_prefix     text NOT NULL,
    identifier_class text NOT NULL,
    in_use           integer NOT NULL CHECK (in_use >= 0),
    available        integer NOT NULL CHECK (available >= 0),
    taken_at         timestamptz NOT NULL,
    PRIMARY KEY (day, operator_id, block_prefix, identifier_class)
  );
  CREATE INDEX pool_snapshots_taken_at ON numbering.pool_snapshots (taken_at);

  GRANT SELECT, INSERT, UPDATE, DELETE
     ON numbering.pool_counts, numbering.pool_measurement, numbering.pool_snapshots TO numbering_app;
`;

/** US-NUM-013: what was counted of each pool, when, and how it was on earlier days. */
export class PoolCapacity1764000000012 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(SQL);
  }

  async down(): Promise<void> {
    throw new Error('Migrations go forward only: restore a backup to go back');
  }
}

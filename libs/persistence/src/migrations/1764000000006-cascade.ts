import type { MigrationInterface, QueryRunner } from 'typeorm';

const SQL = `
  -- who suspended the tenant: in whose name its leases are recalled, and who may not override that (ruling 22)
  ALTER TABLE numbering.tenants ADD COLUMN suspended_by text;

  -- which UTC days the override report has been sent for (ruling 23): once each
  CREATE TABLE numbering.override_reports (
    report_date date PRIMARY KEY,
    overrides   integer NOT NULL CHECK (overrides >= 0),
    reported_at timestamptz NOT NULL DEFAULT clock_timestamp()
  );
  GRANT SELECT, INSERT ON numbering.override_reports TO numbering_app;
`;

/** What the cascade and the daily override report must remember. */
export class Cascade1764000000006 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(SQL);
  }

  async down(): Promise<void> {
    throw new Error('Migrations go forward only: restore a backup to go back');
  }
}

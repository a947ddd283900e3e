import type { MigrationInterface, QueryRunner } from 'typeorm';

const SQL = `
  DO $$
  BEGIN
    CREATE ROLE numbering_app NOLOGIN;
  EXCEPTION
    -- both come of another database of this server that migrates now or has
    WHEN duplicate_object OR unique_violation THEN NULL;
  END $$;

  GRANT numbering_app TO CURRENT_USER;
  GRANT USAGE ON SCHEMA numbering TO numbering_app;
  GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA numbering TO numbering_app;
  GRANT USAGE ON ALL SEQUENCES IN SCHEMA numbering TO numbering_app;
  REVOKE ALL ON FUNCTION numbering.maintain_partitions() FROM PUBLIC;
  GRANT EXECUTE ON FUNCTION numbering.maintain_partitions() TO numbering_app;

  -- append-only: rows go in through audit_log and never change (ruling 44)
  REVOKE UPDATE, DELETE, TRUNCATE ON numbering.audit_log FROM numbering_app;
  DO $$
  DECLARE part record;
  BEGIN
    FOR part IN SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
                 WHERE i.inhparent = 'numbering.audit_log'::regclass
    LOOP
      EXECUTE format('REVOKE ALL ON numbering.%I FROM numbering_app', part.relname);
    END LOOP;
  END $$;
  -- history too is only added to
  REVOKE UPDATE, DELETE ON numbering.lease_history, numbering.quarantine_overrides FROM numbering_app;
  REVOKE DELETE ON numbering.identifiers, numbering.blocks, numbering.tenants FROM numbering_app;
`;

/**
 * The role that every app takes. It reads and writes the ledger, and may not change an audit row, nor the schema.
 * Roles belong to the whole server, so a second database on it finds the role made.
 */
export class AppRole1764000000003 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(SQL);
  }

  async down(): Promise<void> {
    throw new Error('Migrations go forward only: restore a backup to go back');
  }
}

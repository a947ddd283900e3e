import type { MigrationInterface, QueryRunner } from 'typeorm';

const SQL = `
  -- rows are staged in a temporary table of the import's own connection, which leaves nothing behind
  DROP TABLE numbering.import_rows;

  -- PUBLIC may make temporary tables unless somebody took it away; an import needs it
  DO $$
  BEGIN
    EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO numbering_app', current_database());
  EXCEPTION
    -- the owner of the schema is not the database's: who took it away gives it
    WHEN insufficient_privilege THEN NULL;
  END $$;
`;

/** Where the rows of an import are until they are published. */
export class StagedRows1764000000004 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(SQL);
  }

  async down(): Promise<void> {
    throw new Error('Migrations go forward only: restore a backup to go back');
  }
}

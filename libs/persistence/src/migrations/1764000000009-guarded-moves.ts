import type { MigrationInterface, QueryRunner } from 'typeorm';

const SQL = `
  -- The guard of a move, said by the database: a number is no longer as its decision saw it, so nothing of the
  -- transaction counts, and it may be tried anew (40001).
  CREATE FUNCTION numbering.all_moved(moved bigint, wanted integer) RETURNS void
  LANGUAGE plpgsql AS $guard$
  BEGIN
    IF moved <> wanted THEN
      RAISE EXCEPTION '% of % numbers are no longer as they were seen', wanted - moved, wanted
            USING ERRCODE = 'serialization_failure';
    END IF;
  END
  $guard$;
  GRANT EXECUTE ON FUNCTION numbering.all_moved(bigint, integer) TO numbering_app;
`;

/** Lets COMMIT travel behind the statements that it makes count. */
export class GuardedMoves1764000000009 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(SQL);
  }

  async down(): Promise<void> {
    throw new Error('Migrations go forward only: restore a backup to go back');
  }
}

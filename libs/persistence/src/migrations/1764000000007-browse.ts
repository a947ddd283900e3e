import type { MigrationInterface, QueryRunner } from 'typeorm';

const SQL = `
  -- A validFrom that lies ahead turns into one that has passed without anybody's writing; an index cannot look at the
  -- clock, so a reconciler writes it down. What nobody lists yet stands in no index that is browsed.
  ALTER TABLE numbering.identifiers ADD COLUMN valid_from_passed boolean NOT NULL DEFAULT false;
  UPDATE numbering.identifiers SET valid_from_passed = true WHERE valid_from <= clock_timestamp();
  CREATE INDEX identifiers_coming ON numbering.identifiers (valid_from)
    WHERE valid_from IS NOT NULL AND NOT valid_from_passed;

  -- What is listed, pool by pool, in the order of the answer (ruling 40): each look-up begins where the last page ended.
  CREATE INDEX identifiers_listed ON numbering.identifiers
    (operator_id, vanity_eligible, identifier_class, (coalesce(alpha_key, identifier) COLLATE "C"))
    WHERE state = 'AVAILABLE' AND (valid_from IS NULL OR valid_from_passed);
  -- The same by the last two characters, for what is looked for by its end: of *77 each row is a hit, in order.
  CREATE INDEX identifiers_listed_by_ending ON numbering.identifiers
    (operator_id, vanity_eligible, identifier_class,
     (right(coalesce(alpha_key, identifier), 2) COLLATE "C"),
     (coalesce(alpha_key, identifier) COLLATE "C"))
    WHERE state = 'AVAILABLE' AND (valid_from IS NULL OR valid_from_passed);
`;

/** How the pool is browsed: by indexes of what is listed alone (US-NUM-014). */
export class Browse1764000000007 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(SQL);
  }

  async down(): Promise<void> {
    throw new Error('Migrations go forward only: restore a backup to go back');
  }
}

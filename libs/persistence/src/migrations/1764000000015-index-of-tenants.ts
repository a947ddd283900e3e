import type { MigrationInterface, QueryRunner } from 'typeorm';

const SQL = `
  -- Its condition says the same in other words (a claim ends when it stops occupying), so that who looks for the
  -- occupant of a number cannot be given this index: while there are few claims it looks as good as the right one, and
  -- a plan that is kept goes through all tenants for each number later on.
  DROP INDEX numbering.leases_of_tenant;
  CREATE INDEX leases_of_tenant ON numbering.leases (tenant_id, identifier) WHERE ended_at IS NULL;
`;

/** One way only to a number's occupant, and one to a tenant's claims. */
export class IndexOfTenants1764000000015 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(SQL);
  }

  async down(): Promise<void> {
    throw new Error('Migrations go forward only: restore a backup to go back');
  }
}

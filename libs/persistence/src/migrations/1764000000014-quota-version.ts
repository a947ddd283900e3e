import type { MigrationInterface, QueryRunner } from 'typeorm';

const SQL = `
  -- grows by one with every change of the plan or of the tenant's own quotas, whoever makes it: a copy of them that was
  -- made at another version counts for nothing
  ALTER TABLE numbering.tenants
    ADD COLUMN quota_version integer NOT NULL DEFAULT 0 CHECK (quota_version >= 0);

  CREATE FUNCTION numbering.plan_changes_quotas() RETURNS trigger
  LANGUAGE plpgsql AS $plan$
  BEGIN
    NEW.quota_version := OLD.quota_version + 1;
    RETURN NEW;
  END
  $plan$;
  CREATE TRIGGER plan_changes_quotas BEFORE UPDATE OF plan ON numbering.tenants
    FOR EACH ROW WHEN (OLD.plan IS DISTINCT FROM NEW.plan)
    EXECUTE FUNCTION numbering.plan_changes_quotas();

  CREATE FUNCTION numbering.own_quotas_change() RETURNS trigger
  LANGUAGE plpgsql AS $own$
  BEGIN
    UPDATE numbering.tenants
       SET quota_version = quota_version + 1
     WHERE tenant_id = coalesce(NEW.tenant_id, OLD.tenant_id);
    RETURN NULL;
  END
  $own$;
  CREATE TRIGGER own_quotas_change AFTER INSERT OR UPDATE OR DELETE ON numbering.tenant_quotas
    FOR EACH ROW EXECUTE FUNCTION numbering.own_quotas_change();
`;

/** By what a copy of a tenant's plan and quotas is known to be up to date (US-NUM-011). */
export class QuotaVersion1764000000014 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(SQL);
  }

  async down(): Promise<void> {
    throw new Error('Migrations go forward only: restore a backup to go back');
  }
}

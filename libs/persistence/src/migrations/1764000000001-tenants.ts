import type { MigrationInterface, QueryRunner } from 'typeorm';

const SQL = `
  CREATE TABLE numbering.tenants (
    tenant_id          text PRIMARY KEY,
    plan               text NOT NULL DEFAULT 'starter'
      CHECK (plan IN ('starter', 'business', 'premium', 'enterprise')),
    operator_allowlist text[],
    status             text NOT NULL DEFAULT 'ACTIVE' CHECK (status IN ('ACTIVE', 'SUSPENDED')),
    -- grows by one with every change of the standing; validators order by it
    version            integer NOT NULL DEFAULT 1 CHECK (version > 0),
    -- the suspension that a cascade works off; another id, or none, stops it
    suspension_id      uuid,
    suspension_ticket  text,
    suspension_reason  text,
    cascade_pending    boolean NOT NULL DEFAULT false,
    -- the time of the last event or call that set standing or plan: an older event changes nothing (ruling 25)
    standing_changed_at timestamptz NOT NULL DEFAULT '-infinity',
    plan_changed_at    timestamptz NOT NULL DEFAULT '-infinity',
    -- leases by class: LEASED, SUSPENDED and in grace (ruling 31), exact under the row's lock
    leased_msisdn      integer NOT NULL DEFAULT 0 CHECK (leased_msisdn >= 0),
    leased_short_code  integer NOT NULL DEFAULT 0 CHECK (leased_short_code >= 0),
    leased_alpha       integer NOT NULL DEFAULT 0 CHECK (leased_alpha >= 0),
    created_at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK ((status = 'SUSPENDED') = (suspension_id IS NOT NULL))
  );
  CREATE INDEX tenants_cascade ON numbering.tenants (tenant_id) WHERE cascade_pending;

  -- a tenant's own quotas; null: its plan's
  CREATE TABLE numbering.tenant_quotas (
    tenant_id               text PRIMARY KEY REFERENCES numbering.tenants,
    msisdn                  integer CHECK (msisdn >= 0),
    short_code              integer CHECK (short_code >= 0),
    alpha                   integer CHECK (alpha >= 0),
    max_active_reservations integer CHECK (max_active_reservations >= 0),
    max_holds               integer CHECK (max_holds >= 0),
    changed_at              timestamptz NOT NULL DEFAULT clock_timestamp(),
    changed_by              text NOT NULL
  );

  CREATE TABLE numbering.price_list (
    plan             text NOT NULL CHECK (plan IN ('starter', 'business', 'premium', 'enterprise')),
    identifier_class text NOT NULL CHECK (identifier_class IN ('MSISDN', 'SHORT_CODE', 'ALPHA')),
    vanity           boolean NOT NULL,
    -- minor units of the currency
    setup            integer NOT NULL CHECK (setup >= 0),
    monthly          integer NOT NULL CHECK (monthly >= 0),
    currency         text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    PRIMARY KEY (plan, identifier_class, vanity)
  );
  INSERT INTO numbering.price_list (plan, identifier_class, vanity, setup, monthly, currency)
  SELECT plan, class, vanity,
         setup * discount / 100 * CASE WHEN vanity THEN 10 ELSE 1 END,
         monthly * discount / 100 * CASE WHEN vanity THEN 10 ELSE 1 END,
         'AFN'
    FROM (VALUES ('starter', 100), ('business', 90), ('premium', 80), ('enterprise', 70))
           AS plans (plan, discount),
         (VALUES ('MSISDN', 50000, 20000), ('SHORT_CODE', 1000000, 500000), ('ALPHA', 100000, 50000))
           AS classes (class, setup, monthly),
         (VALUES (false), (true)) AS tiers (vanity)
   WHERE class = 'SHORT_CODE' OR NOT vanity;

  CREATE TABLE numbering.pool_counts (
    operator_id      text NOT NULL REFERENCES numbering.operators,
    block_prefix     text NOT NULL,
    identifier_class text NOT NULL,
    state            text NOT NULL,
    identifiers      bigint NOT NULL CHECK (identifiers >= 0),
    measured_at      timestamptz NOT NULL,
    PRIMARY KEY (operator_id, block_prefix, identifier_class, state)
  );
  CREATE TABLE numbering.pool_alerts (
    operator_id      text NOT NULL REFERENCES numbering.operators,
    block_prefix     text NOT NULL,
    identifier_class text NOT NULL,
    severity         text NOT NULL CHECK (severity IN ('WARNING', 'SEV1')),
    since            timestamptz NOT NULL,
    PRIMARY KEY (operator_id, block_prefix, identifier_class)
  );
`;

/** Tenants with their standing and counters, quotas, prices, pools. */
export class Tenants1764000000001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(SQL);
  }

  async down(): Promise<void> {
    throw new Error('Migrations go forward only: restore a backup to go back');
  }
}

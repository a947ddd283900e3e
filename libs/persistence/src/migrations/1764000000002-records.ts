import type { MigrationInterface, QueryRunner } from 'typeorm';

const SQL = `
  CREATE TABLE numbering.audit_log (
    audit_id         bigint GENERATED ALWAYS AS IDENTITY,
    at               timestamptz NOT NULL,
    identifier       text,
    actor            text NOT NULL,
    action           text NOT NULL,
    from_state       text,
    to_state         text,
    version          integer,
    tenant_id        text,
    lease_id         uuid,
    reason           text,
    ticket_id        text,
    request_id       text,
    detail           jsonb,
    PRIMARY KEY (audit_id, at),
    CHECK ((identifier IS NULL) = (version IS NULL))
  ) PARTITION BY RANGE (at);
  CREATE INDEX audit_log_identifier ON numbering.audit_log (identifier, version);
  CREATE INDEX audit_log_lease ON numbering.audit_log (lease_id) WHERE lease_id IS NOT NULL;
  CREATE INDEX audit_log_at ON numbering.audit_log (at);
  CREATE INDEX audit_log_actor ON numbering.audit_log (actor, at);
  CREATE TABLE numbering.audit_log_rest PARTITION OF numbering.audit_log DEFAULT;

  CREATE FUNCTION numbering.refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    RAISE EXCEPTION 'audit_log is append-only: % is refused', TG_OP
      USING ERRCODE = 'insufficient_privilege';
  END $$;
  CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR DELETE ON numbering.audit_log
    FOR EACH ROW EXECUTE FUNCTION numbering.refuse_audit_change();
  CREATE TRIGGER audit_log_no_truncate BEFORE TRUNCATE ON numbering.audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION numbering.refuse_audit_change();
  CREATE TRIGGER audit_log_rest_no_truncate BEFORE TRUNCATE ON numbering.audit_log_rest
    FOR EACH STATEMENT EXECUTE FUNCTION numbering.refuse_audit_change();

  -- One row a change. topic null: nothing to publish, validators alone must hear of it.
  CREATE TABLE numbering.outbox (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id    uuid NOT NULL DEFAULT gen_random_uuid(),
    topic       text,
    key         text NOT NULL,
    payload     jsonb,
    -- what a validator may hold of it: an identifier, a tenant, or the knowledge that one is unknown
    subject     text NOT NULL CHECK (subject IN ('IDENTIFIER', 'TENANT', 'LEDGER', 'NONE')),
    -- of the subject after the change; of LEDGER the block's generation
    version     bigint NOT NULL DEFAULT 0,
    created_at  timestamptz NOT NULL,
    sent_at     timestamptz,
    evicted_at  timestamptz,
    parked_at   timestamptz,
    park_reason text,
    CHECK ((topic IS NULL) = (payload IS NULL))
  );
  CREATE INDEX outbox_unsent ON numbering.outbox (id) WHERE sent_at IS NULL;
  CREATE INDEX outbox_unevicted ON numbering.outbox (id) WHERE evicted_at IS NULL;
  CREATE INDEX outbox_parked ON numbering.outbox (key) WHERE parked_at IS NOT NULL;

  CREATE TABLE numbering.inbox (
    event_id    text NOT NULL,
    topic       text NOT NULL,
    received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (topic, event_id, received_at)
  ) PARTITION BY RANGE (received_at);
  CREATE TABLE numbering.inbox_rest PARTITION OF numbering.inbox DEFAULT;

  CREATE TABLE numbering.idempotency_keys (
    -- tenant, or sub for a token without one
    owner       text NOT NULL,
    key         text NOT NULL,
    fingerprint text NOT NULL,
    -- json and not jsonb: a replay has its members in the order of the first answer
    answer      json NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (owner, key, created_at)
  ) PARTITION BY RANGE (created_at);
  CREATE TABLE numbering.idempotency_keys_rest PARTITION OF numbering.idempotency_keys DEFAULT;

  CREATE TABLE numbering.leaders (
    role      text PRIMARY KEY,
    holder    text NOT NULL,
    deadline  timestamptz NOT NULL
  );

  -- Makes partitions ahead and drops what is past its keeping. Returns what it did.
  CREATE FUNCTION numbering.maintain_partitions() RETURNS TABLE (made integer, dropped integer)
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = numbering, pg_catalog AS $$
  DECLARE
    months_ahead CONSTANT integer := 3;
    days_ahead   CONSTANT integer := 7;
    today CONSTANT date := (clock_timestamp() AT TIME ZONE 'UTC')::date;
    parent text; keep_days integer; first date; name text; part record;
  BEGIN
    made := 0; dropped := 0;
    FOR i IN 0..months_ahead LOOP
      first := (date_trunc('month', today) + make_interval(months => i))::date;
      name := 'audit_log_' || to_char(first, 'YYYY_MM');
      IF to_regclass('numbering.' || name) IS NULL THEN
        EXECUTE format('CREATE TABLE numbering.%I PARTITION OF numbering.audit_log FOR VALUES FROM (%L) TO (%L)',
          name, first::text || ' 00:00:00+00', (first + interval '1 month')::date::text || ' 00:00:00+00');
        EXECUTE format('CREATE TRIGGER %I BEFORE TRUNCATE ON numbering.%I FOR EACH STATEMENT
          EXECUTE FUNCTION numbering.refuse_audit_change()', name || '_no_truncate', name);
        made := made + 1;
      END IF;
    END LOOP;
    FOR parent, keep_days IN VALUES ('idempotency_keys', 1), ('inbox', 14) LOOP
      FOR i IN 0..days_ahead LOOP
        first := today + i;
        name := parent || '_' || to_char(first, 'YYYY_MM_DD');
        IF to_regclass('numbering.' || name) IS NULL THEN
          EXECUTE format('CREATE TABLE numbering.%I PARTITION OF numbering.%I FOR VALUES FROM (%L) TO (%L)',
            name, parent, first::text || ' 00:00:00+00', (first + 1)::text || ' 00:00:00+00');
          made := made + 1;
        END IF;
      END LOOP;
      FOR part IN
        SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
         WHERE i.inhparent = ('numbering.' || parent)::regclass
           AND c.relname ~ '_[0-9]{4}_[0-9]{2}_[0-9]{2}$'
           AND to_date(right(c.relname, 10), 'YYYY_MM_DD') < today - keep_days
      LOOP
        EXECUTE format('DROP TABLE numbering.%I', part.relname);
        dropped := dropped + 1;
      END LOOP;
    END LOOP;
    RETURN NEXT;
  END $$;
  SELECT numbering.maintain_partitions();
`;

/**
 * What is written beside a change: the audit log (for ever, partitioned by month), the outbox, the inbox and the
 * answers kept under idempotency keys (both by day), leaders.
 */
export class Records1764000000002 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(SQL);
  }

  async down(): Promise<void> {
    throw new Error('Migrations go forward only: restore a backup to go back');
  }
}

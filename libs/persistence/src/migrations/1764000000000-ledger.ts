import type { MigrationInterface, QueryRunner } from 'typeorm';

const SQL = `
  CREATE TABLE numbering.operators (
    operator_id text PRIMARY KEY CHECK (operator_id ~ '^[A-Z][A-Z0-9_]{1,39}$'),
    name        text NOT NULL,
    prefixes    text[] NOT NULL DEFAULT '{}'
  );

  INSERT INTO numbering.operators (operator_id, name, prefixes) VALUES
    ('AWCC',           'Afghan Wireless',  '{70,71}'),
    ('ROSHAN',         'Roshan',           '{72,79}'),
    ('ETISALAT',       'Etisalat',         '{73,78}'),
    ('AFGHAN_TELECOM', 'Afghan Telecom',   '{744,747,748,749,75}'),
    ('ATOMA',          'Atoma',            '{76,77}'),
    ('NATIONAL',       'National numbering authority', '{}');

  CREATE TABLE numbering.mno_signing_keys (
    key_id         text PRIMARY KEY,
    operator_id    text NOT NULL REFERENCES numbering.operators,
    algorithm      text NOT NULL CHECK (algorithm IN ('Ed25519', 'RSA-PSS-SHA256')),
    public_key_pem text NOT NULL,
    valid_from     timestamptz NOT NULL,
    valid_until    timestamptz,
    revoked_at     timestamptz,
    added_at       timestamptz NOT NULL DEFAULT clock_timestamp()
  );
  CREATE INDEX mno_signing_keys_operator ON numbering.mno_signing_keys (operator_id);

  CREATE TABLE numbering.blocks (
    block_id         uuid PRIMARY KEY,
    generation       bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    operator_id      text NOT NULL REFERENCES numbering.operators,
    block_prefix     text NOT NULL,
    identifier_class text NOT NULL CHECK (identifier_class IN ('MSISDN', 'SHORT_CODE', 'ALPHA')),
    source           text NOT NULL CHECK (source IN ('IMPORT', 'REGISTRATION')),
    key_id           text REFERENCES numbering.mno_signing_keys,
    sha256           text,
    inserted         integer NOT NULL CHECK (inserted >= 0),
    duplicates       integer NOT NULL CHECK (duplicates >= 0),
    invalid          integer NOT NULL CHECK (invalid >= 0),
    imported_at      timestamptz NOT NULL,
    imported_by      text NOT NULL,
    CHECK ((source = 'IMPORT') = (sha256 IS NOT NULL))
  );
  -- the same file again answers the first summary (ruling 6)
  CREATE UNIQUE INDEX blocks_same_file ON numbering.blocks (operator_id, sha256);

  -- staged rows of an import, until it is published or cleared; lost in a crash, which is what they are for
  CREATE UNLOGGED TABLE numbering.import_rows (
    import_id    uuid NOT NULL,
    row_number   integer NOT NULL,
    value        text NOT NULL,
    identifier   text,
    match_key    text,
    valid_from   timestamptz,
    vanity       boolean NOT NULL DEFAULT false,
    error_code   text,
    staged_at    timestamptz NOT NULL DEFAULT clock_timestamp()
  );
  CREATE INDEX import_rows_import ON numbering.import_rows (import_id, row_number);

  -- every refused or duplicate row of a block, for errors.csv
  CREATE TABLE numbering.block_errors (
    block_id   uuid NOT NULL REFERENCES numbering.blocks,
    row_number integer NOT NULL,
    value      text NOT NULL,
    code       text NOT NULL,
    PRIMARY KEY (block_id, row_number)
  );

  CREATE TABLE numbering.identifiers (
    identifier           text PRIMARY KEY,
    -- what two writings of one alpha ID share; digits are their own key
    alpha_key            text,
    identifier_class     text NOT NULL CHECK (identifier_class IN ('MSISDN', 'SHORT_CODE', 'ALPHA')),
    operator_id          text NOT NULL REFERENCES numbering.operators,
    block_prefix         text NOT NULL,
    state                text NOT NULL DEFAULT 'AVAILABLE' CHECK (state IN
      ('AVAILABLE', 'RESERVED', 'HELD', 'LEASED', 'SUSPENDED', 'QUARANTINE', 'RETIRED')),
    version              integer NOT NULL DEFAULT 1 CHECK (version > 0),
    changed_at           timestamptz NOT NULL,
    available_at         timestamptz,
    -- the lease whose end began the quarantine, and how it ended
    quarantine_cause     text CHECK (quarantine_cause IN ('RECALL', 'EXPIRY')),
    quarantined_lease_id uuid,
    valid_from           timestamptz,
    vanity_eligible      boolean NOT NULL DEFAULT false,
    originating_block_id uuid NOT NULL REFERENCES numbering.blocks,
    CHECK ((identifier_class = 'ALPHA') = (alpha_key IS NOT NULL)),
    CHECK (identifier_class <> 'MSISDN' OR identifier ~ '^\\+93[0-9]{9}$'),
    CHECK (identifier_class <> 'SHORT_CODE' OR identifier ~ '^[0-9]{3,8}$'),
    CHECK ((state = 'QUARANTINE') = (available_at IS NOT NULL)),
    CHECK ((state = 'QUARANTINE') = (quarantine_cause IS NOT NULL)),
    CHECK ((state = 'QUARANTINE') = (quarantined_lease_id IS NOT NULL))
  );
  CREATE UNIQUE INDEX identifiers_alpha_key ON numbering.identifiers (alpha_key)
    WHERE identifier_class = 'ALPHA';
  CREATE INDEX identifiers_available_at ON numbering.identifiers (available_at)
    WHERE state = 'QUARANTINE';

  CREATE TABLE numbering.leases (
    lease_id         uuid PRIMARY KEY,
    identifier       text NOT NULL REFERENCES numbering.identifiers,
    tenant_id        text NOT NULL,
    state            text NOT NULL CHECK (state IN ('RESERVED', 'HELD', 'LEASED', 'SUSPENDED',
      'RELEASED', 'TTL_EXPIRED', 'RECALLED', 'EXPIRED')),
    claimed_at       timestamptz NOT NULL,
    expires_at       timestamptz,
    effective_from   timestamptz,
    effective_until  timestamptz,
    auto_renew       boolean NOT NULL DEFAULT false,
    vanity           boolean NOT NULL DEFAULT false,
    term             text,
    renewal_refusals integer NOT NULL DEFAULT 0 CHECK (renewal_refusals >= 0),
    ended_at         timestamptz,
    -- in whose name, and whose token it was
    ended_by         text,
    ended_caller     text,
    end_reason       text,
    end_ticket_id    text,
    CHECK ((ended_at IS NOT NULL) =
      (state IN ('RELEASED', 'TTL_EXPIRED', 'RECALLED', 'EXPIRED')))
  );
  -- I1: at most one occupying claim; the seed names three states, a suspended lease occupies too (rulings, "Words")
  CREATE UNIQUE INDEX leases_one_occupant ON numbering.leases (identifier)
    WHERE state IN ('RESERVED', 'HELD', 'LEASED', 'SUSPENDED');
  -- what the release engine looks for, and what a tenant's reservation quota counts
  CREATE INDEX leases_due ON numbering.leases (expires_at)
    WHERE state IN ('RESERVED', 'HELD');
  CREATE INDEX leases_active_claims ON numbering.leases (tenant_id, expires_at)
    WHERE state IN ('RESERVED', 'HELD');
  CREATE INDEX leases_of_tenant ON numbering.leases (tenant_id, identifier)
    WHERE state IN ('RESERVED', 'HELD', 'LEASED', 'SUSPENDED');
  CREATE INDEX leases_ending ON numbering.leases (effective_until)
    WHERE state IN ('LEASED', 'SUSPENDED');
  CREATE INDEX leases_of_identifier ON numbering.leases (identifier, claimed_at);

  CREATE TABLE numbering.lease_history (
    -- the first term's row has the lease's own id, each renewal an id of its own (ruling 27)
    lease_id        uuid PRIMARY KEY,
    prior_lease_id  uuid UNIQUE REFERENCES numbering.lease_history,
    identifier      text NOT NULL,
    tenant_id       text NOT NULL,
    effective_from  timestamptz NOT NULL,
    effective_until timestamptz NOT NULL,
    recorded_at     timestamptz NOT NULL
  );
  CREATE INDEX lease_history_identifier ON numbering.lease_history (identifier, effective_from);

  CREATE TABLE numbering.renewal_attempts (
    lease_id        uuid NOT NULL REFERENCES numbering.leases,
    term_from       timestamptz NOT NULL,
    refusals_before integer NOT NULL CHECK (refusals_before >= 0),
    idempotency_key text NOT NULL UNIQUE,
    asked_at        timestamptz NOT NULL,
    answer          text CHECK (answer IN ('APPROVED', 'REJECTED')),
    answered_at     timestamptz,
    reference       text,
    PRIMARY KEY (lease_id, term_from, refusals_before)
  );

  CREATE TABLE numbering.recall_bars (
    identifier text NOT NULL REFERENCES numbering.identifiers,
    tenant_id  text NOT NULL,
    until      timestamptz NOT NULL,
    PRIMARY KEY (identifier, tenant_id)
  );

  CREATE TABLE numbering.quarantine_overrides (
    override_id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at                 timestamptz NOT NULL,
    identifier         text NOT NULL REFERENCES numbering.identifiers,
    admin_id           text NOT NULL,
    justification      text NOT NULL,
    recall_reason      text NOT NULL,
    ticket_id          text,
    recalled_tenant_id text NOT NULL,
    available_at       timestamptz NOT NULL
  );
  CREATE INDEX quarantine_overrides_at ON numbering.quarantine_overrides (at);
`;

/**
 * The ledger: operators, keys, blocks, identifiers, claims and their history.
 * Invariants that a type says in the domain, a CHECK or an index says again here.
 */
export class Ledger1764000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(SQL);
  }

  async down(): Promise<void> {
    throw new Error('Migrations go forward only: restore a backup to go back');
  }
}

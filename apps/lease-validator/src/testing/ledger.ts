import { randomInt, randomUUID } from 'node:crypto';
import { alphaMatchKey } from '@numbering/domain';
import { testDatabase, type TestDatabase } from '@numbering/testing';
import { Client } from 'pg';

/** What an identifier is changed to; a claim's members only where the state has one. */
export interface Change {
  state: 'AVAILABLE' | 'RESERVED' | 'HELD' | 'LEASED' | 'SUSPENDED' | 'QUARANTINE' | 'RETIRED';
  tenantId?: string;
  /** Seconds from the database's now; negative: past. */
  endsInSeconds?: number;
  autoRenew?: boolean;
  vanity?: boolean;
  renewalRefusals?: number;
  cause?: 'RECALL' | 'EXPIRY';
}

const OCCUPYING = ['RESERVED', 'HELD', 'LEASED', 'SUSPENDED'];
const DAY_SECONDS = 86_400;

/** A ledger of a test's own, written by SQL as the owner: each change with its outbox row. */
export class LedgerFixture {
  private constructor(
    readonly database: TestDatabase,
    private readonly owner: Client,
  ) {}

  static async open(): Promise<LedgerFixture> {
    const database = await testDatabase();
    const owner = new Client({ connectionString: database.url });
    owner.on('error', () => undefined); // The database is dropped under it at the end.
    await owner.connect();
    return new LedgerFixture(database, owner);
  }

  async close(): Promise<void> {
    await this.owner.end();
    await this.database.drop();
  }

  /** An available number in a block of its own, so the ledger's generation grows. */
  async register(
    identifier = `+9379${randomInt(1e6, 1e7)}`,
    { validInSeconds = 0 } = {},
  ): Promise<string> {
    const isAlpha = /[a-z]/i.test(identifier);
    const kind = isAlpha ? 'ALPHA' : identifier.startsWith('+') ? 'MSISDN' : 'SHORT_CODE';
    await this.transaction(async () => {
      const blockId = randomUUID();
      const { rows } = await this.owner.query(
        `INSERT INTO numbering.blocks (block_id, operator_id, block_prefix, identifier_class,
                                       source, inserted, duplicates, invalid, imported_at,
                                       imported_by)
         VALUES ($1, 'ROSHAN', '*', $2, 'REGISTRATION', 1, 0, 0, clock_timestamp(), 'test')
         RETURNING generation`,
        [blockId, kind],
      );
      await this.owner.query(
        `INSERT INTO numbering.identifiers (identifier, alpha_key, identifier_class, operator_id,
                                            block_prefix, changed_at, valid_from,
                                            originating_block_id)
         VALUES ($1, $2, $3, 'ROSHAN', '*', clock_timestamp(),
                 clock_timestamp() + $4 * interval '1 second', $5)`,
        [identifier, isAlpha ? alphaMatchKey(identifier) : null, kind, validInSeconds, blockId],
      );
      await this.outbox('LEDGER', blockId, rows[0].generation);
    });
    return identifier;
  }

  /** One version on. @returns the version and the claim's id */
  async change(identifier: string, to: Change): Promise<{ version: number; leaseId: string }> {
    const leaseId = randomUUID();
    let version = 0;
    await this.transaction(async () => {
      const ended = await this.endClaims(identifier);
      if (OCCUPYING.includes(to.state)) await this.openClaim(identifier, leaseId, to);
      const isQuarantine = to.state === 'QUARANTINE';
      const { rows } = await this.owner.query(
        `UPDATE numbering.identifiers
            SET state = $2, version = version + 1, changed_at = clock_timestamp(),
                available_at = CASE WHEN $3 THEN clock_timestamp() + $4 * interval '1 second' END,
                quarantine_cause = CASE WHEN $3 THEN $5 END,
                quarantined_lease_id = CASE WHEN $3 THEN $6::uuid END
          WHERE identifier = $1
          RETURNING version`,
        [
          identifier,
          to.state,
          isQuarantine,
          to.endsInSeconds ?? DAY_SECONDS,
          to.cause ?? 'RECALL',
          ended ?? leaseId,
        ],
      );
      version = rows[0].version;
      await this.outbox('IDENTIFIER', identifier, version);
    });
    return { version, leaseId };
  }

  /** @returns the tenant's version after the change */
  async setStanding(tenantId: string, status: 'ACTIVE' | 'SUSPENDED'): Promise<number> {
    let version = 0;
    await this.transaction(async () => {
      const { rows } = await this.owner.query(
        `INSERT INTO numbering.tenants AS t (tenant_id, status, suspension_id)
         VALUES ($1, $2, CASE WHEN $2 = 'SUSPENDED' THEN gen_random_uuid() END)
         ON CONFLICT (tenant_id) DO UPDATE
            SET status = excluded.status, suspension_id = excluded.suspension_id,
                version = t.version + 1
         RETURNING version`,
        [tenantId, status],
      );
      version = rows[0].version;
      await this.outbox('TENANT', tenantId, version);
    });
    return version;
  }

  /** What no writer of ours does: no version, no outbox row. */
  async sql(text: string, values: unknown[] = []): Promise<Record<string, unknown>[]> {
    return (await this.owner.query(text, values)).rows;
  }

  private async endClaims(identifier: string): Promise<string | undefined> {
    const { rows } = await this.owner.query(
      `UPDATE numbering.leases SET state = 'RELEASED', ended_at = clock_timestamp()
        WHERE identifier = $1 AND state IN ('RESERVED', 'HELD', 'LEASED', 'SUSPENDED')
        RETURNING lease_id`,
      [identifier],
    );
    return rows[0]?.lease_id;
  }

  private async openClaim(identifier: string, leaseId: string, to: Change): Promise<void> {
    const isLease = to.state === 'LEASED' || to.state === 'SUSPENDED';
    await this.owner.query(
      `INSERT INTO numbering.leases (lease_id, identifier, tenant_id, state, claimed_at, expires_at,
                                     effective_from, effective_until, auto_renew, vanity, term,
                                     renewal_refusals)
       VALUES ($1, $2, $3, $4, clock_timestamp(),
               CASE WHEN NOT $5 THEN clock_timestamp() + $6 * interval '1 second' END,
               CASE WHEN $5 THEN clock_timestamp() - interval '30 days' END,
               CASE WHEN $5 THEN clock_timestamp() + $6 * interval '1 second' END,
               $7, $8, '30d', $9)`,
      [
        leaseId,
        identifier,
        to.tenantId,
        to.state,
        isLease,
        to.endsInSeconds ?? DAY_SECONDS,
        to.autoRenew ?? false,
        to.vanity ?? false,
        to.renewalRefusals ?? 0,
      ],
    );
  }

  private async outbox(subject: string, key: string, version: number): Promise<void> {
    await this.owner.query(
      `INSERT INTO numbering.outbox (key, subject, version, created_at)
       VALUES ($1, $2, $3, clock_timestamp())`,
      [key, subject, version],
    );
  }

  private async transaction(work: () => Promise<void>): Promise<void> {
    await this.owner.query('BEGIN');
    try {
      await work();
      await this.owner.query('COMMIT');
    } catch (error) {
      await this.owner.query('ROLLBACK');
      throw error;
    }
  }
}

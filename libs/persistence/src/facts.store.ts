import { Injectable } from '@nestjs/common';
import {
  graceEnd,
  type IdentifierFacts,
  type ParsedIdentifier,
  type Policy,
  type TenantStanding,
} from '@numbering/domain';
import { DataSource } from 'typeorm';

/** An owner may write any time into the ledger; beyond these no protobuf Timestamp can tell it. */
const EARLIEST_MS = Date.parse('0001-01-01T00:00:00.000Z');
const LATEST_MS = Date.parse('9999-12-31T23:59:59.999Z');

/** A timestamptz as the driver gives it: `infinity` is no Date. */
type Moment = Date | number;

interface FactsRow {
  match_key: string;
  identifier: string;
  version: number;
  state: IdentifierFacts['state'];
  valid_from: Moment | null;
  available_at: Moment | null;
  quarantine_cause: 'RECALL' | 'EXPIRY' | null;
  lease_id: string | null;
  tenant_id: string | null;
  expires_at: Moment | null;
  effective_until: Moment | null;
  auto_renew: boolean | null;
  vanity: boolean | null;
  renewal_refusals: number | null;
}

/**
 * What validators ask of the ledger: facts of many identifiers or tenants at once, from the
 * primary. Rejects as the driver does when Postgres is away (`isPostgresUnavailable`).
 */
@Injectable()
export class FactsStore {
  constructor(
    private readonly dataSource: DataSource,
    private readonly policy: Policy,
  ) {}

  /**
   * Facts by the match key that was asked for; undefined for what is not in the ledger. One
   * statement, so that identifier and claim are of one moment. (Gathered look-ups measured three
   * times as many a second as one query each; two branches keep each on its own index.)
   */
  async loadFacts(
    asked: readonly ParsedIdentifier[],
  ): Promise<Map<string, IdentifierFacts | undefined>> {
    const isAlpha = (each: ParsedIdentifier): boolean => each.identifierClass === 'ALPHA';
    const rows: FactsRow[] = await this.dataSource.query(
      `
      WITH found AS (
        SELECT i.*, i.identifier AS match_key
          FROM numbering.identifiers i
         WHERE i.identifier = ANY ($1::text[])
           AND i.identifier_class <> 'ALPHA'
         UNION ALL
        SELECT i.*, i.alpha_key AS match_key
          FROM numbering.identifiers i
         WHERE i.alpha_key = ANY ($2::text[])
           AND i.identifier_class = 'ALPHA'
      )
      SELECT i.match_key, i.identifier, i.version, i.state, i.valid_from, i.available_at,
             i.quarantine_cause, l.lease_id, l.tenant_id, l.expires_at, l.effective_until,
             l.auto_renew, l.vanity, l.renewal_refusals
        FROM found i
        LEFT JOIN numbering.leases l
               ON l.identifier = i.identifier
              AND l.state IN ('RESERVED', 'HELD', 'LEASED', 'SUSPENDED')`,
      [
        asked.filter((each) => !isAlpha(each)).map((each) => each.matchKey),
        asked.filter(isAlpha).map((each) => each.matchKey),
      ],
    );
    const facts = new Map<string, IdentifierFacts | undefined>(
      asked.map((each) => [each.matchKey, undefined]),
    );
    for (const row of rows) facts.set(row.match_key, factsOf(row, this.policy));
    return facts;
  }

  /** Standings by tenant; one without a row is active, at version 0. */
  async loadStandings(tenantIds: readonly string[]): Promise<Map<string, TenantStanding>> {
    const rows: { tenant_id: string; version: number; status: TenantStanding['status'] }[] =
      await this.dataSource.query(
        `
        SELECT tenant_id, version, status
          FROM numbering.tenants
         WHERE tenant_id = ANY ($1::text[])`,
        [tenantIds],
      );
    const standings = new Map<string, TenantStanding>(
      tenantIds.map((tenantId) => [tenantId, { tenantId, version: 0, status: 'ACTIVE' }]),
    );
    for (const { tenant_id: tenantId, version, status } of rows) {
      standings.set(tenantId, { tenantId, version, status });
    }
    return standings;
  }

  /** The database's clock in Unix milliseconds, with a fraction. */
  async databaseTimeMs(): Promise<number> {
    const [row]: { now_ms: number }[] = await this.dataSource.query(
      `SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS now_ms`,
    );
    if (!row) throw new Error('a SELECT without FROM gives one row');
    return row.now_ms;
  }

  /** The newest block's generation, which imports and registrations raise; 0 where none is. */
  async ledgerGeneration(): Promise<number> {
    const [row]: { generation: string }[] = await this.dataSource.query(
      `SELECT coalesce(max(generation), 0) AS generation FROM numbering.blocks`,
    );
    return Number(row?.generation ?? 0);
  }
}

function factsOf(row: FactsRow, policy: Policy): IdentifierFacts {
  const known = { identifier: row.identifier, version: row.version, state: row.state };
  const validFromMs = toMs(row.valid_from);
  const facts: IdentifierFacts = validFromMs === undefined ? known : { ...known, validFromMs };
  switch (row.state) {
    case 'RESERVED':
    case 'HELD':
      return { ...facts, ...holderOf(row), expiresAtMs: toMs(row.expires_at) };
    case 'LEASED':
    case 'SUSPENDED':
      return { ...facts, ...holderOf(row), ...termOf(row, policy) };
    case 'QUARANTINE':
      return {
        ...facts,
        availableAtMs: toMs(row.available_at),
        cause: row.quarantine_cause ?? undefined,
      };
    case 'AVAILABLE':
    case 'RETIRED':
      return facts;
  }
}

const holderOf = (row: FactsRow) => ({
  tenantId: row.tenant_id ?? undefined,
  leaseId: row.lease_id ?? undefined,
});

/** The end of the term and, where the lease has one, of its grace: never stored, it follows. */
function termOf(row: FactsRow, policy: Policy) {
  const effectiveUntilMs = toMs(row.effective_until);
  if (effectiveUntilMs === undefined) return {};
  const grace = graceEnd(
    {
      effectiveUntil: new Date(effectiveUntilMs),
      autoRenew: row.auto_renew ?? false,
      vanity: row.vanity ?? false,
      renewalRefusals: row.renewal_refusals ?? 0,
    },
    policy,
  );
  return grace ? { effectiveUntilMs, graceUntilMs: toMs(grace) } : { effectiveUntilMs };
}

const toMs = (moment: Moment | null): number | undefined =>
  moment === null ? undefined : Math.min(Math.max(Number(moment), EARLIEST_MS), LATEST_MS);

import type { IdentifierClass, RecallReason } from '@numbering/contracts';
import type { Lease, LeaseEnding, NumberRecord } from '@numbering/domain';

/** An identifier's row with its occupying claim and, in quarantine, the lease whose end began it. */
export interface NumberRow {
  identifier: string;
  alpha_key: string | null;
  identifier_class: IdentifierClass;
  operator_id: string;
  state: string;
  version: number;
  changed_at: Date;
  available_at: Date | null;
  quarantine_cause: 'RECALL' | 'EXPIRY' | null;
  valid_from: Date | null;
  vanity_eligible: boolean;
  lease_id: string | null;
  tenant_id: string | null;
  expires_at: Date | null;
  effective_from: Date | null;
  effective_until: Date | null;
  auto_renew: boolean | null;
  vanity: boolean | null;
  term: string | null;
  renewal_refusals: number | null;
  term_id: string | null;
  renewal_refused_at: Date | null;
  renewal_skipped_at: Date | null;
  renewal_reminded_at: Date | null;
  ended_lease_id: string | null;
  ended_tenant_id: string | null;
  ended_by: string | null;
  ended_caller: string | null;
  end_reason: string | null;
  end_ticket_id: string | null;
  barred_tenants: string[] | null;
  barred_until: Date[] | null;
  now: Date;
}

/** The columns of a `NumberRow` but for those of its bars, from `i` (identifiers), `l` (occupying lease), `e` (ended lease). */
export const NUMBER_COLUMNS = `
  i.identifier, i.alpha_key, i.identifier_class, i.operator_id, i.state, i.version, i.changed_at,
  i.available_at, i.quarantine_cause, i.valid_from, i.vanity_eligible,
  l.lease_id, l.tenant_id, l.expires_at, l.effective_from, l.effective_until, l.auto_renew, l.vanity,
  l.term, l.renewal_refusals, l.term_id, l.renewal_refused_at, l.renewal_skipped_at, l.renewal_reminded_at,
  e.lease_id AS ended_lease_id, e.tenant_id AS ended_tenant_id, e.ended_by, e.ended_caller, e.end_reason, e.end_ticket_id,
  date_trunc('milliseconds', clock_timestamp()) AS now`;

/**
 * The joins behind `NUMBER_COLUMNS`, each of one row by its index. Laterally, because plans are kept: one made while
 * there are hardly any leases would read them all for each number, and go on so when there are many.
 */
export const NUMBER_JOINS = `
  LEFT JOIN LATERAL (
         SELECT *
           FROM numbering.leases
          WHERE identifier = i.identifier
            AND state IN ('RESERVED', 'HELD', 'LEASED', 'SUSPENDED')
          LIMIT 1) l ON true
  LEFT JOIN LATERAL (
         SELECT *
           FROM numbering.leases
          WHERE lease_id = i.quarantined_lease_id
          LIMIT 1) e ON true`;

/** Reads the union from the row. @throws where row and claim contradict each other: a broken invariant, never an answer */
export function numberOf(row: NumberRow): NumberRecord {
  const identity = {
    identifier: row.identifier,
    identifierClass: row.identifier_class,
    operatorId: row.operator_id,
    vanityEligible: row.vanity_eligible,
    validFrom: row.valid_from,
    version: row.version,
    changedAt: row.changed_at,
  };
  switch (row.state) {
    case 'AVAILABLE':
    case 'RETIRED':
      return { ...identity, state: row.state };
    case 'RESERVED':
    case 'HELD':
      return {
        ...identity,
        state: row.state,
        claim: {
          leaseId: present(row, 'lease_id'),
          tenantId: present(row, 'tenant_id'),
          expiresAt: present(row, 'expires_at'),
        },
      };
    case 'LEASED':
    case 'SUSPENDED':
      return { ...identity, state: row.state, lease: leaseOf(row) };
    case 'QUARANTINE':
      return {
        ...identity,
        state: row.state,
        availableAt: present(row, 'available_at'),
        ending: endingOf(row),
      };
    default:
      throw new Error(`${row.identifier} is at rest in state ${row.state}, which no number may be`);
  }
}

const leaseOf = (row: NumberRow): Lease => ({
  leaseId: present(row, 'lease_id'),
  tenantId: present(row, 'tenant_id'),
  term: present(row, 'term'),
  effectiveFrom: present(row, 'effective_from'),
  effectiveUntil: finite(row, 'effective_until'),
  autoRenew: present(row, 'auto_renew'),
  vanity: present(row, 'vanity'),
  termId: row.term_id ?? present(row, 'lease_id'),
  renewalRefusals: present(row, 'renewal_refusals'),
  refusedAt: row.renewal_refused_at,
  skippedAt: row.renewal_skipped_at,
  remindedAt: row.renewal_reminded_at,
});

const endingOf = (row: NumberRow): LeaseEnding => ({
  cause: present(row, 'quarantine_cause'),
  leaseId: present(row, 'ended_lease_id'),
  tenantId: present(row, 'ended_tenant_id'),
  actorId: row.ended_by ?? undefined,
  callerSub: row.ended_caller ?? undefined,
  reason: present(row, 'end_reason') as RecallReason | 'LEASE_EXPIRED',
  ticketId: row.end_ticket_id ?? undefined,
});

function present<K extends keyof NumberRow>(row: NumberRow, column: K): NonNullable<NumberRow[K]> {
  const value = row[column];
  if (value === null) throw new Error(`${row.identifier} is ${row.state} without ${column}`);
  return value;
}

/** An owner may write any time into the ledger; infinity is none that a term can be added to. */
function finite(row: NumberRow, column: 'effective_until'): Date {
  const moment: unknown = present(row, column);
  if (moment instanceof Date) return moment;
  throw new Error(`${row.identifier} is ${row.state} with ${column} ${String(moment)}`);
}

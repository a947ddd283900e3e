import { Injectable } from '@nestjs/common';
import type { IdentifierClass } from '@numbering/contracts';
import type { NumberRecord } from '@numbering/domain';
import type { EntityManager } from 'typeorm';
import { NUMBER_COLUMNS, numberOf, type NumberRow } from './number-row';

export interface OwnNumbersFilter {
  tenantId: string;
  state?: 'RESERVED' | 'HELD' | 'LEASED' | 'SUSPENDED';
  identifierClass?: IdentifierClass;
}

export interface OwnNumber {
  number: NumberRecord;
  now: Date;
  /** Class and normal form: the order of the list (ruling 40). */
  sortKey: readonly [IdentifierClass, string];
}

/**
 * A tenant's claims that count now; a lapsed one is nobody's (ruling 19). The tenant's occupying
 * rows come by their partial index and are sorted here: a tenant has ten thousand of them at most.
 */
@Injectable()
export class OwnNumbersList {
  async page(
    manager: EntityManager,
    { tenantId, state, identifierClass }: OwnNumbersFilter,
    limit: number,
    after?: readonly (string | number)[],
  ): Promise<OwnNumber[]> {
    const rows: NumberRow[] = await manager.query(
      `SELECT ${NUMBER_COLUMNS}, NULL::timestamptz AS barred_until
         FROM numbering.leases l
         JOIN numbering.identifiers i ON i.identifier = l.identifier
         LEFT JOIN numbering.leases e ON e.lease_id = i.quarantined_lease_id
        WHERE l.tenant_id = $1
          AND l.ended_at IS NULL
          AND (l.state IN ('LEASED', 'SUSPENDED') OR l.expires_at > clock_timestamp())
          AND ($2::text IS NULL OR l.state = $2)
          AND ($3::text IS NULL OR i.identifier_class = $3)
          AND ($4::text IS NULL
               OR (i.identifier_class, coalesce(i.alpha_key, i.identifier) COLLATE "C") > ($4, $5))
        ORDER BY i.identifier_class, coalesce(i.alpha_key, i.identifier) COLLATE "C"
        LIMIT $6`,
      [
        tenantId,
        state ?? null,
        identifierClass ?? null,
        after?.[0] ?? null,
        after?.[1] ?? null,
        limit,
      ],
    );
    return rows.map((row) => ({
      number: numberOf(row),
      now: row.now,
      sortKey: [row.identifier_class, row.alpha_key ?? row.identifier],
    }));
  }
}

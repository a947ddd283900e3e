import { randomBytes } from 'node:crypto';
import { eventually } from '@numbering/testing';
import type { OwnStack } from './own-stack.fixture';

/** What one call reserves. */
const RESERVED_AT_ONCE = 100;
/** What an enterprise tenant may have reserved at a time. */
const CLAIMS_A_TENANT = 1_000;

/** How claims ended that were left alone. */
export interface Ended {
  /** From a claim's end to the decision that it is over, by the database's clock. */
  worstMs: number;
  /** Claims that were ended before their time. */
  early: number;
  /** `numbering.reservation.released {reason: TTL_EXPIRED}` events of each claim: one. */
  eventsAClaim: number[];
}

/** Reservations by the hundred, made through the API, their ends set as the owner of the database may. */
export class ManyClaims {
  private next = 0;

  constructor(private readonly own: OwnStack) {}

  /** @returns their numbers */
  async reserve(count: number): Promise<string[]> {
    const made: string[] = [];
    for (let tenants = 0; made.length < count; tenants++) {
      const tenantId = `many-${randomBytes(4).toString('hex')}`;
      await this.ok(
        this.own.admin.put(`/v1/admin/numbering/tenants/${tenantId}`, { plan: 'enterprise' }),
      );
      const most = Math.min(count - made.length, CLAIMS_A_TENANT);
      for (let i = 0; i < most; i += RESERVED_AT_ONCE) {
        made.push(...(await this.hundred(tenantId, Math.min(RESERVED_AT_ONCE, most - i))));
      }
    }
    return made;
  }

  /** One after the other, the first from `fromMs` on, the last one so much later. */
  async endFrom(numbers: readonly string[], fromMs: number, overMs = 0): Promise<void> {
    await this.own.sql(
      `UPDATE numbering.leases l
          SET expires_at = clock_timestamp() + make_interval(secs => ($2 + $3 * nth / $4::float8) / 1000)
         FROM unnest($1::text[]) WITH ORDINALITY AS each (identifier, nth)
        WHERE l.identifier = each.identifier AND l.state IN ('RESERVED', 'HELD')`,
      [numbers, fromMs, overMs, numbers.length],
    );
  }

  /** Of these how many are free, how many not yet. */
  async states(numbers: readonly string[]): Promise<{ free: number; left: number }> {
    const [row] = await this.own.sql<{ free: number; left: number }>(
      `SELECT count(*) FILTER (WHERE state = 'AVAILABLE')::integer AS free,
              count(*) FILTER (WHERE state <> 'AVAILABLE')::integer AS left
         FROM numbering.identifiers WHERE identifier = ANY ($1)`,
      [numbers],
    );
    if (!row) throw new Error('counting gives a row');
    return row;
  }

  /** Once the last of them is free. */
  async ended(numbers: readonly string[], withinMs: number): Promise<Ended> {
    await eventually(
      async () => expect(await this.states(numbers)).toEqual({ free: numbers.length, left: 0 }),
      { withinMs },
    );
    const rows = await this.own.sql<{ lag_ms: number; early: boolean; events: number }>(
      `SELECT extract(epoch FROM a.at - l.expires_at)::float8 * 1000 AS lag_ms,
              a.at < date_trunc('milliseconds', l.expires_at) AS early,
              (SELECT count(*)::integer FROM numbering.outbox o
                WHERE o.key = l.identifier
                  AND o.topic = 'numbering.reservation.released'
                  AND o.payload -> 'data' ->> 'reason' = 'TTL_EXPIRED'
                  AND o.payload -> 'data' ->> 'leaseId' = l.lease_id::text) AS events
         FROM numbering.leases l
         JOIN numbering.audit_log a ON a.lease_id = l.lease_id AND a.action = 'TTL_EXPIRE'
        WHERE l.identifier = ANY ($1)`,
      [numbers],
    );
    expect(rows).toHaveLength(numbers.length);
    return {
      worstMs: Math.max(...rows.map(({ lag_ms }) => lag_ms)),
      early: rows.filter(({ early }) => early).length,
      eventsAClaim: [...new Set(rows.map(({ events }) => events))],
    };
  }

  private async hundred(tenantId: string, count: number): Promise<string[]> {
    const numbers = Array.from({ length: count }, () => this.number());
    const identifiers = numbers.map((identifier) => ({ identifier, operatorId: 'ROSHAN' }));
    await this.ok(this.own.admin.post('/v1/admin/numbering/identifiers', { identifiers }));
    await this.ok(
      this.own.admin.post('/v1/numbers/reservations', {
        ...{ identifiers: numbers, tenantId, atomic: true },
      }),
    );
    return numbers;
  }

  private number(): string {
    return `+9379${String(this.next++).padStart(7, '0')}`;
  }

  private async ok(asked: Promise<{ status: number; body: unknown }>): Promise<void> {
    const { status, body } = await asked;
    if (status !== 200) throw new Error(`${status}: ${JSON.stringify(body)}`);
  }
}

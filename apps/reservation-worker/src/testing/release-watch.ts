import { eventually } from '@numbering/testing';
import type { World } from './worker-fixture';

const LOOK_EVERY_MS = 10;

/** How the claims on some numbers ended, all of them by their time. */
export interface Ended {
  /** From a claim's end to when a reader first saw its number free, in the order in which that came. */
  lagsMs: number[];
  /** Claims that were ended before their time, by the database's clock. */
  early: number;
  /** `numbering.reservation.released {reason: TTL_EXPIRED}` events of each claim. */
  events: number[];
}

/** Watches as any reader may, until the last of these numbers is free. */
export async function watchEnds(
  { source }: World,
  identifiers: readonly string[],
  { withinMs }: { withinMs: number },
): Promise<Ended> {
  const lagsMs = new Map<string, number>();
  await eventually(
    async () => {
      const free: { identifier: string; lag_ms: number }[] = await source.query(
        `SELECT i.identifier, extract(epoch FROM clock_timestamp() - l.expires_at)::float8 * 1000 AS lag_ms
           FROM numbering.identifiers i
           JOIN numbering.leases l ON l.identifier = i.identifier AND l.state = 'TTL_EXPIRED'
          WHERE i.identifier = ANY ($1) AND i.state = 'AVAILABLE'`,
        [identifiers],
      );
      for (const { identifier, lag_ms } of free) {
        if (!lagsMs.has(identifier)) lagsMs.set(identifier, lag_ms);
      }
      expect(identifiers.filter((identifier) => !lagsMs.has(identifier))).toEqual([]);
    },
    { withinMs, everyMs: LOOK_EVERY_MS },
  );
  const told: { early: boolean; events: number }[] = await source.query(
    `SELECT bool_or(a.at < date_trunc('milliseconds', l.expires_at)) AS early,
            count(o.version)::integer AS events
       FROM numbering.leases l
       JOIN numbering.audit_log a ON a.lease_id = l.lease_id AND a.action = 'TTL_EXPIRE'
       LEFT JOIN numbering.outbox o
              ON o.key = l.identifier
             AND o.topic = 'numbering.reservation.released'
             AND o.payload -> 'data' ->> 'reason' = 'TTL_EXPIRED'
             AND o.payload -> 'data' ->> 'leaseId' = l.lease_id::text
      WHERE l.identifier = ANY ($1)
      GROUP BY l.lease_id`,
    [identifiers],
  );
  return {
    lagsMs: [...lagsMs.values()],
    early: told.filter(({ early }) => early).length,
    events: told.map(({ events }) => events),
  };
}

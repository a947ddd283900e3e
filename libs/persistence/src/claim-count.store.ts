import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';

@Injectable()
export class ClaimCountStore {
  /** Reservations and holds that have not ended, of all tenants. */
  async countActive(manager: EntityManager): Promise<number> {
    const [row]: { active: number }[] = await manager.query(`
      SELECT count(*)::int AS active
        FROM numbering.leases
       WHERE state IN ('RESERVED', 'HELD')
         AND expires_at > (SELECT clock_timestamp())`);
    return row?.active ?? 0;
  }

  /** How long the reservation or hold that ended first has been waiting for its release; 0 where none is over. */
  async overdueSeconds(manager: EntityManager): Promise<number> {
    const [row]: { seconds: number }[] = await manager.query(`
      SELECT greatest(0, extract(epoch FROM clock_timestamp() - min(expires_at)))::float8 AS seconds
        FROM numbering.leases
       WHERE state IN ('RESERVED', 'HELD')`);
    return row?.seconds ?? 0;
  }
}

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
}

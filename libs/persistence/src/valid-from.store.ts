import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';

/** Numbers whose `validFrom` has come: an index cannot look at the clock, so it is written down for browsing. */
@Injectable()
export class ValidFromStore {
  /**
   * Lists up to `limit` of them. No state changes, so there is no version, no audit row and no event; what another
   * transaction holds is left for the next call.
   * @returns how many it listed
   */
  async list(manager: EntityManager, limit: number): Promise<number> {
    const [, listed] = await manager.query(
      `UPDATE numbering.identifiers
          SET valid_from_passed = true
        WHERE identifier = ANY (ARRAY(
                SELECT identifier
                  FROM numbering.identifiers
                 WHERE valid_from IS NOT NULL
                   AND NOT valid_from_passed
                   AND valid_from <= (SELECT clock_timestamp())
                 ORDER BY valid_from
                 LIMIT $1
                   FOR NO KEY UPDATE SKIP LOCKED))`,
      [limit],
    );
    return listed;
  }
}

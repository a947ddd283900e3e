import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';

/** Who wants to be the one that does something. */
export interface Leader {
  role: string;
  /** Of one process; another run of the same program is another holder. */
  holder: string;
}

/**
 * One holder a role, by a row with a deadline in database time: a holder that is frozen, cut off
 * or dead loses the role at the deadline, whatever its own clock says.
 */
@Injectable()
export class LeaderStore {
  /**
   * Takes the role where it is free or past its deadline; prolongs it where it is held already.
   * @returns whether the role is the holder's, until `termMs` after the statement ran
   */
  async takeOrRenew(manager: EntityManager, leader: Leader, termMs: number): Promise<boolean> {
    const rows: unknown[] = await manager.query(
      `
      INSERT INTO numbering.leaders AS held (role, holder, deadline)
      VALUES ($1, $2, clock_timestamp() + $3 * interval '1 millisecond')
          ON CONFLICT (role) DO UPDATE
         SET holder = excluded.holder,
             deadline = excluded.deadline
       WHERE held.holder = excluded.holder
          OR held.deadline <= clock_timestamp()
      RETURNING role`,
      [leader.role, leader.holder, termMs],
    );
    return rows.length > 0;
  }

  /** Gives the role up, so that the next one need not wait for the deadline. */
  async release(manager: EntityManager, { role, holder }: Leader): Promise<void> {
    await manager.query(`DELETE FROM numbering.leaders WHERE role = $1 AND holder = $2`, [
      role,
      holder,
    ]);
  }
}

import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';

/** When daily jobs last ran to their end, in the database's time. */
@Injectable()
export class JobRunStore {
  /**
   * @param at time of day in UTC
   * @returns whether no run has begun since the job was due last: one that was missed is owed until it is made up for
   */
  async isOwed(
    manager: EntityManager,
    job: string,
    at: { hour: number; minute: number },
  ): Promise<boolean> {
    const [row]: { is_owed: boolean }[] = await manager.query(
      `SELECT coalesce(began_at < due.at, true) AS is_owed
         FROM (SELECT date_trunc('day', clock_timestamp() - of_day) + of_day AS at
                 FROM make_interval(hours => $2, mins => $3) AS of_day) due
         LEFT JOIN numbering.job_runs ON job = $1`,
      [job, at.hour, at.minute],
    );
    return row?.is_owed ?? true;
  }

  /** A run that began at this moment has come to its end. */
  async ran(manager: EntityManager, job: string, beganAt: Date): Promise<void> {
    await manager.query(
      `INSERT INTO numbering.job_runs AS known (job, began_at)
       VALUES ($1, $2)
       ON CONFLICT (job) DO UPDATE SET began_at = greatest(known.began_at, excluded.began_at)`,
      [job, beganAt],
    );
  }
}

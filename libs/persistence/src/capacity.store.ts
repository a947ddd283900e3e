import { Injectable } from '@nestjs/common';
import type { IdentifierClass } from '@numbering/contracts';
import type { EntityManager } from 'typeorm';

/** How much of a pool can be claimed now. */
export interface PoolCapacity {
  operatorId: string;
  blockPrefix: string;
  identifierClass: IdentifierClass;
  /** Numbers that are AVAILABLE and valid now. */
  remaining: number;
}

@Injectable()
export class CapacityStore {
  /** Every pool that has a number which is not retired, empty ones with 0. */
  async measure(manager: EntityManager): Promise<PoolCapacity[]> {
    return manager.query(`
      SELECT operator_id AS "operatorId",
             block_prefix AS "blockPrefix",
             identifier_class AS "identifierClass",
             count(*) FILTER (
               WHERE state = 'AVAILABLE'
                 AND (valid_from IS NULL OR valid_from <= clock_timestamp()))::int AS remaining
        FROM numbering.identifiers
       WHERE state <> 'RETIRED'
       GROUP BY operator_id, block_prefix, identifier_class
       ORDER BY operator_id, block_prefix, identifier_class`);
  }
}

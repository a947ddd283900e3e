import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';

export interface Operator {
  operatorId: string;
  name: string;
  /** National: `79`, `744`. */
  prefixes: string[];
}

/** Operators and their prefixes: six rows without rules. */
@Injectable()
export class OperatorStore {
  list(manager: EntityManager): Promise<Operator[]> {
    return manager.query(
      `SELECT operator_id AS "operatorId", name, prefixes
         FROM numbering.operators
        ORDER BY operator_id`,
    );
  }

  async one(manager: EntityManager, operatorId: string): Promise<Operator | undefined> {
    const [row]: Operator[] = await manager.query(
      `SELECT operator_id AS "operatorId", name, prefixes
         FROM numbering.operators
        WHERE operator_id = $1`,
      [operatorId],
    );
    return row;
  }

  /** Makes it or changes it. */
  async put(manager: EntityManager, operator: Operator): Promise<void> {
    await manager.query(
      `INSERT INTO numbering.operators (operator_id, name, prefixes)
       VALUES ($1, $2, $3)
       ON CONFLICT (operator_id) DO UPDATE SET name = excluded.name, prefixes = excluded.prefixes`,
      [operator.operatorId, operator.name, operator.prefixes],
    );
  }
}

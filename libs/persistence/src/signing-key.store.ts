import { Injectable } from '@nestjs/common';
import type { SigningKey } from '@numbering/domain';
import type { EntityManager } from 'typeorm';

/** Keys an import may be tried against where it names none. */
export const MAX_KEYS_OF_OPERATOR = 100;

const COLUMNS = `
  operator_id AS "operatorId", key_id AS "keyId", algorithm, public_key_pem AS "publicKeyPem",
  valid_from AS "validFrom", valid_until AS "validUntil", revoked_at AS "revokedAt"`;

@Injectable()
export class SigningKeyStore {
  /** By key id, those after one of them. */
  list(manager: EntityManager, limit: number, afterKeyId?: string | number): Promise<SigningKey[]> {
    return manager.query(
      `SELECT ${COLUMNS}
         FROM numbering.mno_signing_keys
        WHERE $2::text IS NULL OR key_id > $2
        ORDER BY key_id
        LIMIT $1`,
      [limit, afterKeyId ?? null],
    );
  }

  /** An operator's keys, the newest first; one of them where it is named. */
  ofOperator(manager: EntityManager, operatorId: string, keyId?: string): Promise<SigningKey[]> {
    return manager.query(
      `SELECT ${COLUMNS}
         FROM numbering.mno_signing_keys
        WHERE operator_id = $1
          AND ($2::text IS NULL OR key_id = $2)
        ORDER BY added_at DESC
        LIMIT $3`,
      [operatorId, keyId ?? null, MAX_KEYS_OF_OPERATOR],
    );
  }

  /** Locked against another revocation, not against a block that refers to it. */
  async locked(manager: EntityManager, keyId: string): Promise<SigningKey | undefined> {
    const [row]: SigningKey[] = await manager.query(
      `SELECT ${COLUMNS} FROM numbering.mno_signing_keys WHERE key_id = $1 FOR NO KEY UPDATE`,
      [keyId],
    );
    return row;
  }

  /** @returns false where the key id is taken */
  async add(manager: EntityManager, key: SigningKey): Promise<boolean> {
    const added: unknown[] = await manager.query(
      `INSERT INTO numbering.mno_signing_keys (key_id, operator_id, algorithm, public_key_pem,
                                               valid_from, valid_until)
       VALUES ($1, $2, $3, $4, $5, $6)
       ON CONFLICT (key_id) DO NOTHING
       RETURNING key_id`,
      [key.keyId, key.operatorId, key.algorithm, key.publicKeyPem, key.validFrom, key.validUntil],
    );
    return added.length === 1;
  }

  /** The first revocation stands. */
  async revoke(manager: EntityManager, keyId: string, at: Date): Promise<void> {
    await manager.query(
      `UPDATE numbering.mno_signing_keys
          SET revoked_at = coalesce(revoked_at, $2)
        WHERE key_id = $1`,
      [keyId, at],
    );
  }
}

import { createHash, randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { IdentifierClass } from '@numbering/contracts';
import {
  isMsisdnPrefix,
  MAX_ERRORS_IN_ANSWER,
  refuse,
  WHOLE_POOL,
  type Refusal,
  type SigningKey,
} from '@numbering/domain';
import {
  BlockStore,
  ImportRowStore,
  OperatorStore,
  SigningKeyStore,
  type Block,
  type BlockError,
  type Operator,
} from '@numbering/persistence';
import type { DataSource, EntityManager } from 'typeorm';
import { FileRefused, readBlockFile } from './block-file';
import { blockRecord } from './block-record';
import { ImportTurns } from './import-turns';
import { invalidBlockPrefix, invalidField } from './invalid-field';
import { LedgerAct, type Act } from './ledger-act';
import { Once } from './once';
import type { CommandContext, Outcome } from './outcome';
import { IMPORT_DATA_SOURCE, IMPORT_ONCE } from './tokens';
import { signingKeyOf } from './verify-signature';

export interface ImportBlockAsk {
  operatorId: string;
  /** base64, detached, over the exact bytes of the file. */
  signature: string;
  keyId?: string;
  blockPrefix?: string;
  identifierClass: IdentifierClass;
  file: Buffer;
}

export interface ImportSummary {
  blockId: string;
  operatorId: string;
  inserted: number;
  duplicates: number;
  invalid: number;
  /** The first thousand invalid rows. */
  errors: BlockError[];
  /** Where all of them stand, duplicates too. */
  errorsUrl?: string;
}

/**
 * US-NUM-001: verifies the signature over the exact bytes before anything is parsed, stages the rows in a transaction of
 * its own, and publishes them in one: all or nothing.
 */
@Injectable()
export class ImportBlock {
  constructor(
    private readonly act: LedgerAct,
    private readonly turns: ImportTurns,
    @Inject(IMPORT_ONCE) private readonly once: Once,
    @Inject(IMPORT_DATA_SOURCE) private readonly source: DataSource,
    private readonly operators: OperatorStore,
    private readonly keys: SigningKeyStore,
    private readonly blocks: BlockStore,
    private readonly rows: ImportRowStore,
  ) {}

  run(context: CommandContext, ask: ImportBlockAsk): Promise<Outcome<ImportSummary>> {
    const work = (manager: EntityManager, now: Date) =>
      this.verified(manager, now, context.caller.sub, ask);
    return this.turns.run(() => this.act.run(context, work, this.once));
  }

  private async verified(
    manager: EntityManager,
    now: Date,
    actor: string,
    ask: ImportBlockAsk,
  ): Promise<Act<ImportSummary>> {
    const operator = await this.operators.one(manager, ask.operatorId);
    if (!operator) {
      const detail = `${ask.operatorId} is no operator`;
      return { refusal: invalidField('operatorId', 'UNKNOWN_OPERATOR', detail) };
    }
    if (ask.identifierClass === 'MSISDN' && !isMsisdnPrefix(ask.blockPrefix)) {
      return { refusal: invalidBlockPrefix(ask.blockPrefix) };
    }
    const sha256 = createHash('sha256').update(ask.file).digest('hex');
    const keys = await this.keys.ofOperator(manager, ask.operatorId, ask.keyId);
    const key = signingKeyOf(ask.file, ask.signature, keys, now);
    if (!key) return rejected('SIGNATURE_REJECTED', SIGNATURE_INVALID, ask, sha256, now);
    await this.blocks.lockFile(manager, ask.operatorId, sha256);
    const earlier = await this.blocks.ofFile(manager, ask.operatorId, sha256);
    if (earlier) return { answer: await this.summary(manager, earlier), records: [] };
    return this.taken(manager, { now, actor, ask, operator, key, sha256 });
  }

  private async taken(manager: EntityManager, found: Found): Promise<Act<ImportSummary>> {
    const { now, actor, ask, operator, key, sha256 } = found;
    const blockId = randomUUID();
    const file = readBlockFile(ask.file, {
      identifierClass: ask.identifierClass,
      operatorPrefixes: operator.prefixes,
      declaredPrefix: ask.blockPrefix,
    });
    try {
      await this.rows.stage(this.source, blockId, file.rows);
      const block = {
        blockId,
        operatorId: operator.operatorId,
        blockPrefix: prefixOf(ask, file.commonPrefix()),
        identifierClass: ask.identifierClass,
        source: 'IMPORT' as const,
        keyId: key.keyId,
        sha256,
        importedAt: now,
        importedBy: actor,
      };
      const generation = await this.blocks.add(manager, block);
      const counts = await this.rows.publish(manager, blockId, block);
      await this.blocks.count(manager, blockId, counts);
      const made: Block = { ...block, ...counts };
      return {
        answer: await this.summary(manager, made),
        records: [blockRecord('IMPORT', made, generation)],
      };
    } catch (error) {
      if (!(error instanceof FileRefused)) throw error;
      return rejected('IMPORT_REJECTED', error.refusal, ask, sha256, now);
    } finally {
      await this.rows.clear(this.source.manager, blockId);
    }
  }

  private async summary(manager: EntityManager, block: Block): Promise<ImportSummary> {
    const { blockId, operatorId, inserted, duplicates, invalid } = block;
    const errors =
      invalid > 0 ? await this.blocks.invalidRows(manager, blockId, MAX_ERRORS_IN_ANSWER) : [];
    const summary = { blockId, operatorId, inserted, duplicates, invalid, errors };
    if (invalid + duplicates === 0) return summary;
    return { ...summary, errorsUrl: `/v1/admin/numbering/blocks/${blockId}/errors.csv` };
  }
}

interface Found {
  now: Date;
  actor: string;
  ask: ImportBlockAsk;
  operator: Operator;
  key: SigningKey;
  sha256: string;
}

const SIGNATURE_INVALID: Refusal = refuse(
  'SIGNATURE_INVALID',
  'No usable key of the operator stands behind this signature over these bytes',
);

/** Changes nothing but the audit row and its event (rulings 5 and 7). */
function rejected(
  action: 'SIGNATURE_REJECTED' | 'IMPORT_REJECTED',
  refusal: Refusal,
  { operatorId, keyId }: ImportBlockAsk,
  sha256: string,
  at: Date,
): Act<ImportSummary> {
  const { code, detail } = refusal;
  return {
    refusal,
    records: [
      {
        action,
        at,
        reason: code,
        detail: { operatorId, keyId: keyId ?? null, sha256, why: detail },
        event: { type: 'numbering.block.rejected', key: operatorId, data: { operatorId, code } },
      },
    ],
  };
}

/** Ruling 8. */
function prefixOf(ask: ImportBlockAsk, common: string | undefined): string {
  if (ask.identifierClass !== 'MSISDN') return WHOLE_POOL;
  return ask.blockPrefix ?? common ?? '+93';
}

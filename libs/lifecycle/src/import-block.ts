import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { IdentifierClass } from '@numbering/contracts';
import {
  isMsisdnPrefix,
  isUsable,
  MAX_ERRORS_IN_ANSWER,
  WHOLE_POOL,
  type SigningKey,
} from '@numbering/domain';
import {
  BlockStore,
  ImportRowStore,
  NumberStore,
  onOwnConnection,
  OperatorStore,
  SigningKeyStore,
  type Block,
  type BlockError,
  type Operator,
} from '@numbering/persistence';
import type { SpooledFile } from '@numbering/platform';
import type { DataSource, EntityManager } from 'typeorm';
import { BlockFile, FileRefused } from './block-file';
import { blockRecord } from './block-record';
import { rejectedFile, rejectedSignature } from './import-rejection';
import { ImportTurns } from './import-turns';
import { invalidBlockPrefix, invalidField } from './invalid-field';
import { LedgerAct, type Act, type ActWork, type Commit } from './ledger-act';
import type { CommandContext, Outcome } from './outcome';
import { IMPORT_DATA_SOURCE } from './tokens';
import { signingKeyOf } from './verify-signature';

export interface ImportBlockAsk {
  operatorId: string;
  /** base64, detached, over the exact bytes of the file. */
  signature: string;
  keyId?: string;
  blockPrefix?: string;
  identifierClass: IdentifierClass;
  file: SpooledFile;
  /**
   * Tells what the import would come to and writes nothing. A signature that does not fit is
   * refused and leaves its audit row and event all the same: somebody tried.
   */
  dryRun?: boolean;
}

export interface ImportSummary {
  /** Of the block; none after a dry run of a file that is not in the ledger yet. */
  blockId?: string;
  operatorId: string;
  inserted: number;
  duplicates: number;
  invalid: number;
  /** The first thousand invalid rows. */
  errors: BlockError[];
  /** Where all of them stand, duplicates too. */
  errorsUrl?: string;
}

/** A file whose signature fits, and what it is read by. */
interface Verified {
  ask: ImportBlockAsk;
  operator: Operator;
  key: SigningKey;
}

/**
 * US-NUM-001: verifies the signature over the exact bytes before anything is parsed, stages the rows in short
 * transactions, and publishes them in one: all or nothing. Until then no transaction is open and no row of the ledger
 * locked, so that claims, other imports and the relay go on. All of it happens on one connection: what a process that
 * dies leaves behind, locks and staged rows, ends with that.
 */
@Injectable()
export class ImportBlock {
  constructor(
    private readonly act: LedgerAct,
    private readonly turns: ImportTurns,
    @Inject(IMPORT_DATA_SOURCE) private readonly source: DataSource,
    private readonly numbers: NumberStore,
    private readonly operators: OperatorStore,
    private readonly keys: SigningKeyStore,
    private readonly blocks: BlockStore,
    private readonly rows: ImportRowStore,
  ) {}

  run(context: CommandContext, ask: ImportBlockAsk): Promise<Outcome<ImportSummary>> {
    return onOwnConnection(this.source, (manager) =>
      this.act.runPrepared<ImportSummary>(context, manager, (commit) =>
        this.turns.toImport(async () => {
          const found = await this.verified(manager, ask);
          return typeof found === 'function'
            ? commit(found)
            : this.known(manager, context, found, commit);
        }),
      ),
    );
  }

  /** What the import goes on with, or how it ends (ruling 5). */
  private async verified(
    manager: EntityManager,
    ask: ImportBlockAsk,
  ): Promise<Verified | ActWork<ImportSummary>> {
    const operator = await this.operators.one(manager, ask.operatorId);
    if (!operator) {
      const detail = `${ask.operatorId} is no operator`;
      const refusal = invalidField('operatorId', 'UNKNOWN_OPERATOR', detail);
      return async () => ({ refusal });
    }
    if (ask.identifierClass === 'MSISDN' && !isMsisdnPrefix(ask.blockPrefix)) {
      return async () => ({ refusal: invalidBlockPrefix(ask.blockPrefix) });
    }
    const keys = await this.keys.ofOperator(manager, ask.operatorId, ask.keyId);
    const now = await this.numbers.databaseTime(manager);
    const key = await this.turns.toVerify(() => signingKeyOf(ask.file, ask.signature, keys, now));
    return key ? { ask, operator, key } : async (_, at) => rejectedSignature(ask, at);
  }

  /** The same file again is its first summary again (ruling 6), in a dry run too. */
  private async known(
    manager: EntityManager,
    context: CommandContext,
    verified: Verified,
    commit: Commit<ImportSummary>,
  ): Promise<Outcome<ImportSummary>> {
    const { operatorId, file, dryRun } = verified.ask;
    if (!dryRun) await this.blocks.lockFile(manager, operatorId, file.sha256);
    const earlier = await this.blocks.ofFile(manager, operatorId, file.sha256);
    if (!earlier) return this.staged(manager, context, verified, commit);
    return commit(async (inside) => ({
      answer: await this.summary(inside, earlier),
      records: [],
    }));
  }

  private async staged(
    manager: EntityManager,
    context: CommandContext,
    { ask, operator, key }: Verified,
    commit: Commit<ImportSummary>,
  ): Promise<Outcome<ImportSummary>> {
    const file = new BlockFile({
      identifierClass: ask.identifierClass,
      operatorPrefixes: operator.prefixes,
      declaredPrefix: ask.blockPrefix,
    });
    try {
      return await this.rows.whileStaged(manager, file.read(ask.file.pieces()), () =>
        commit((inside, now) =>
          ask.dryRun
            ? this.compared(inside, ask, file)
            : this.published(inside, now, context.caller.sub, { ask, operator, key }, file),
        ),
      );
    } catch (error) {
      if (!(error instanceof FileRefused)) throw error;
      return commit(async (_, now) => rejectedFile(ask, error.refusal, now));
    }
  }

  /** In one transaction; a key that was revoked while the rows were staged is none any more. */
  private async published(
    manager: EntityManager,
    now: Date,
    actor: string,
    { ask, operator, key }: Verified,
    file: BlockFile,
  ): Promise<Act<ImportSummary>> {
    const [stillKey] = await this.keys.ofOperator(manager, operator.operatorId, key.keyId);
    if (!stillKey || !isUsable(stillKey, now)) return rejectedSignature(ask, now);
    const block = {
      blockId: randomUUID(),
      operatorId: operator.operatorId,
      blockPrefix: prefixOf(ask, file.commonPrefix),
      identifierClass: ask.identifierClass,
      source: 'IMPORT' as const,
      keyId: key.keyId,
      sha256: ask.file.sha256,
      importedAt: now,
      importedBy: actor,
    };
    const generation = await this.blocks.add(manager, block);
    const inserted = await this.rows.publish(manager, block);
    const duplicates = file.validRows - inserted;
    const invalid = file.rows - file.validRows;
    if (invalid > 0) {
      expectAll(invalid, await this.rows.reportInvalid(manager, block.blockId));
    }
    if (duplicates > 0) {
      expectAll(duplicates, await this.rows.reportDuplicates(manager, block));
    }
    const counts = { inserted, duplicates, invalid };
    await this.blocks.count(manager, block.blockId, counts);
    const made: Block = { ...block, ...counts };
    return {
      answer: await this.summary(manager, made),
      records: [blockRecord('IMPORT', made, generation)],
    };
  }

  private async compared(
    manager: EntityManager,
    { operatorId, identifierClass }: ImportBlockAsk,
    { rows, validRows }: BlockFile,
  ): Promise<Act<ImportSummary>> {
    const duplicates = await this.rows.countDuplicates(manager, identifierClass);
    const errors = await this.rows.invalidRows(manager, MAX_ERRORS_IN_ANSWER);
    const counts = { inserted: validRows - duplicates, duplicates, invalid: rows - validRows };
    return { answer: { operatorId, ...counts, errors }, records: [] };
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

/** Ruling 6: every row is inserted or reported; else nothing is published. */
function expectAll(counted: number, reported: number): void {
  if (counted !== reported) throw new Error(`${counted} rows of a report, ${reported} written`);
}

/** Ruling 8. */
function prefixOf(ask: ImportBlockAsk, common: string | undefined): string {
  if (ask.identifierClass !== 'MSISDN') return WHOLE_POOL;
  return ask.blockPrefix ?? common ?? '+93';
}

import type { Block, LedgerRecord } from '@numbering/persistence';

/** Ruling 3: a block leaves one audit row and one event, and validators forget what they knew to be unknown. */
export function blockRecord(
  action: 'IMPORT' | 'REGISTER',
  block: Block,
  generation: number,
): LedgerRecord {
  const { blockId, operatorId, inserted, duplicates, invalid } = block;
  const { blockPrefix, identifierClass, sha256 } = block;
  const counts = { inserted, duplicates, invalid };
  return {
    action,
    at: block.importedAt,
    detail: { blockId, operatorId, blockPrefix, identifierClass, sha256, ...counts },
    event: {
      type: 'numbering.block.imported',
      key: operatorId,
      data: { operatorId, blockId, count: inserted, duplicates, invalid },
    },
    evicts: { subject: 'LEDGER', key: operatorId, version: generation },
  };
}

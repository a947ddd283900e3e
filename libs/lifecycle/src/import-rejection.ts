import { refuse, type Refusal } from '@numbering/domain';
import type { LedgerRecord } from '@numbering/persistence';
import type { ImportBlockAsk, ImportSummary } from './import-block';
import type { Act } from './ledger-act';

const SIGNATURE_INVALID: Refusal = refuse(
  'SIGNATURE_INVALID',
  'No usable key of the operator stands behind this signature over these bytes',
);

/** Changes nothing but the audit row and its event, in a dry run too (ruling 5). */
export const rejectedSignature = (ask: ImportBlockAsk, at: Date): Act<ImportSummary> => ({
  refusal: SIGNATURE_INVALID,
  records: [rejection('SIGNATURE_REJECTED', ask, SIGNATURE_INVALID, at)],
});

/** The same for a file that is none (ruling 7); a dry run, which looks for just that, leaves nothing. */
export const rejectedFile = (
  ask: ImportBlockAsk,
  refusal: Refusal,
  at: Date,
): Act<ImportSummary> => ({
  refusal,
  records: ask.dryRun ? [] : [rejection('IMPORT_REJECTED', ask, refusal, at)],
});

const rejection = (
  action: 'SIGNATURE_REJECTED' | 'IMPORT_REJECTED',
  { operatorId, keyId, file, dryRun = false }: ImportBlockAsk,
  { code, detail }: Refusal,
  at: Date,
): LedgerRecord => ({
  action,
  at,
  reason: code,
  detail: { operatorId, keyId: keyId ?? null, sha256: file.sha256, dryRun, why: detail },
  event: { type: 'numbering.block.rejected', key: operatorId, data: { operatorId, code } },
});

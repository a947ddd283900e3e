import { csvLine } from '../http/csv';
import type { NumberAnswer } from './number-answer';

/** Rows read and sent at a time: ten thousand leases need no more memory than a thousand. */
export const CLAIMS_AT_A_TIME = 1_000;

export const CLAIM_COLUMNS = [
  'identifier',
  'identifierClass',
  'operatorId',
  'vanityEligible',
  'state',
  'leaseId',
  'tenantId',
  'expiresAt',
  'effectiveFrom',
  'effectiveUntil',
  'graceUntil',
  'autoRenew',
  'vanity',
] as const satisfies readonly (keyof NumberAnswer)[];

export interface ClaimBatch<At> {
  claims: readonly NumberAnswer[];
  /** Where the next one begins; undefined at the end. */
  endedAt: At | undefined;
}

/** The claims in pieces, the header first; what a claim does not have is empty. */
export async function* csvOfClaims<At>(
  first: ClaimBatch<At>,
  read: (after: At) => Promise<ClaimBatch<At>>,
): AsyncGenerator<string> {
  yield csvLine(CLAIM_COLUMNS);
  let batch = first;
  for (;;) {
    if (batch.claims.length > 0) yield batch.claims.map(lineOf).join('');
    if (batch.endedAt === undefined) return;
    batch = await read(batch.endedAt);
  }
}

const lineOf = (claim: NumberAnswer): string =>
  csvLine(CLAIM_COLUMNS.map((column) => text(claim[column])));

const text = (value: NumberAnswer[keyof NumberAnswer]): string =>
  value instanceof Date ? value.toISOString() : String(value ?? '');

import type { ReportedOverride } from '@numbering/domain';
import { csvLine } from '../../http/csv';

/** The columns in the order that compliance reads them in (ruling 23). */
export const OVERRIDE_COLUMNS = [
  'at',
  'identifier',
  'adminId',
  'justification',
  'recallReason',
  'ticketId',
  'recalledTenantId',
  'nextTenantId',
  'availableAt',
] as const satisfies readonly (keyof ReportedOverride)[];

/** The report's items, the header first; what is null is empty. */
export const csvOfOverrides = (items: readonly ReportedOverride[]): string =>
  [OVERRIDE_COLUMNS, ...items.map((item) => OVERRIDE_COLUMNS.map((column) => text(item[column])))]
    .map(csvLine)
    .join('');

const text = (value: string | Date | null): string =>
  value instanceof Date ? value.toISOString() : (value ?? '');

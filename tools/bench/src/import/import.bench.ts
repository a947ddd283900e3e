// US-NUM-001: an operator's signed file, sent to inventory-api as its CLI sends it (signature, E.164,
// prefix, duplicates, publication in one transaction), beside psql's \copy of the rows that are good
// into the same table with the same indexes, which checks nothing. The table is emptied before each.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { addBlock } from '../block';
import { mustBe, type Benchmark, type Measured } from '../benchmark';
import { openStores, type Stores } from '../stores';
import { openImportDoor, type ImportDoor } from './import-door';
import { OPERATOR_PREFIX, writeOperatorFile, type OperatorFile } from './operator-file';
import { psqlCopy, writeTableFile } from './psql-copy';

const ROWS = 1_000_000;
const SHORT_ROWS = 20_000;
/** How far memory must stay flat. */
const LARGE_ROWS = 5_000_000;
const PEAK_MB = 'peak RSS, MB';
const MAX_PEAK_MB = 300;
const MICROS_A_SECOND = 1_000_000;

export const importBlock: Benchmark = {
  name: 'import',
  title: 'rows/s of a signed import of 1,000,000 / of psql’s `\\copy` into the same indexed table',
  unit: 'rows/s',
  better: 'higher',
  bounds: 'ratio',
  floor: 0.4,
  goal: 0.7,
  also: { [PEAK_MB]: { better: 'lower', floor: MAX_PEAK_MB, goal: MAX_PEAK_MB } },
  open: async (size, resources) => {
    const folder = await mkdtemp(path.join(tmpdir(), 'bench-import-'));
    resources.defer(() => rm(folder, { recursive: true, force: true }));
    const stores = await openStores(resources);
    const door = await openImportDoor(resources, stores);
    const rows = size.short ? SHORT_ROWS : ROWS;
    const largePeakMb = size.short ? undefined : await peakOfLarge(stores, door, folder);
    let from = 0;
    return {
      ours: async () => {
        const file = await writeOperatorFile(folder, (from += rows), rows);
        const { value, cpuPerOp, peakMb } = await importInto(stores, door, file);
        return { value, cpuPerOp, also: { [PEAK_MB]: peakMb } };
      },
      limit: () => copyInto(stores, path.join(folder, 'table.csv'), rows),
      seen: () =>
        largePeakMb === undefined ? {} : { peakMbOf5MillionRows: Math.round(largePeakMb) },
    };
  },
};

async function peakOfLarge(stores: Stores, door: ImportDoor, folder: string): Promise<number> {
  const file = await writeOperatorFile(folder, 0, LARGE_ROWS);
  return (await importInto(stores, door, file)).peakMb;
}

async function importInto(stores: Stores, door: ImportDoor, file: OperatorFile) {
  await empty(stores);
  const { seconds, cpuSeconds, peakMb } = await door.import(file);
  await mustHold(stores, file);
  await rm(file.csvPath);
  const cpuPerOp = (cpuSeconds * MICROS_A_SECOND) / file.rows;
  return { value: file.rows / seconds, cpuPerOp, peakMb };
}

async function copyInto(stores: Stores, table: string, rows: number): Promise<Measured> {
  await empty(stores);
  const blockId = await addBlock(stores.database, OPERATOR_PREFIX);
  await writeTableFile(table, blockId, rows);
  return { value: rows / (await psqlCopy(stores.databaseUrl, table)) };
}

/** Both begin with an empty table, and none pays for what the other has left to write. */
async function empty({ database }: Stores): Promise<void> {
  await database.query('TRUNCATE numbering.identifiers CASCADE');
  await database.query('CHECKPOINT');
}

async function mustHold({ database }: Stores, { rows, first, last }: OperatorFile): Promise<void> {
  const { rows: found } = await database.query<{ count: number; first: string; last: string }>(
    `SELECT count(*)::integer AS count, min(identifier) AS first, max(identifier) AS last
       FROM numbering.identifiers
      WHERE state = 'AVAILABLE' AND operator_id = 'ROSHAN' AND version = 1`,
  );
  mustBe('rows of the ledger', found[0]?.count, rows);
  mustBe('its first number', found[0]?.first, first);
  mustBe('its last number', found[0]?.last, last);
}

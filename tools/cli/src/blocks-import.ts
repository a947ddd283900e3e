import { openAsBlob, readFileSync } from 'node:fs';
import path from 'node:path';
import { CliFailure, exitCodes } from './cli-failure.js';
import { runningStack } from './stack-file.js';

export interface ImportOptions {
  operator: string;
  key?: string;
  signature?: string;
  signatureFile?: string;
  identifierClass?: string;
  blockPrefix?: string;
  json?: boolean;
}

interface ImportSummary {
  blockId: string;
  operatorId: string;
  inserted: number;
  duplicates: number;
  invalid: number;
  errors: { row: number; value: string; code: string }[];
  errorsUrl?: string;
}

/** A million rows take their time. */
const importTimeoutMs = 600_000;
const shownErrors = 20;

/** Sends a signed CSV to inventory-api as the stack's admin and prints the summary. */
export async function importBlock(file: string, options: ImportOptions): Promise<void> {
  const { apps, tokens } = runningStack();
  const form = new FormData();
  form.append('operatorId', options.operator);
  form.append('signature', signatureOf(options));
  if (options.key) form.append('keyId', options.key);
  if (options.blockPrefix) form.append('blockPrefix', options.blockPrefix);
  if (options.identifierClass) form.append('identifierClass', options.identifierClass);
  form.append('csvFile', await openCsv(file), path.basename(file));
  const url = `${apps['inventory-api'][0]?.url}/v1/admin/numbering/blocks/import`;
  const response = await fetch(url, {
    method: 'POST',
    headers: { authorization: `Bearer ${tokens.admin}` },
    body: form,
    signal: AbortSignal.timeout(importTimeoutMs),
  });
  const text = await response.text();
  if (!response.ok) {
    throw new CliFailure(exitCodes.failed, `The import was refused (${response.status}): ${text}`);
  }
  if (options.json) console.log(text);
  else printSummary(JSON.parse(text) as ImportSummary);
}

async function openCsv(file: string): Promise<Blob> {
  try {
    return await openAsBlob(file, { type: 'text/csv' });
  } catch {
    throw new CliFailure(exitCodes.usage, `${file} cannot be read.`);
  }
}

function signatureOf({ signature, signatureFile }: ImportOptions): string {
  if (signature) return signature;
  if (!signatureFile) {
    throw new CliFailure(exitCodes.usage, 'Give --signature BASE64 or --signature-file FILE.');
  }
  const bytes = readFileSync(signatureFile);
  const text = bytes.toString('latin1').trim();
  return /^[A-Za-z0-9+/]+={0,2}$/.test(text) ? text : bytes.toString('base64');
}

function printSummary(summary: ImportSummary): void {
  const { blockId, operatorId, inserted, duplicates, invalid, errors, errorsUrl } = summary;
  const total = inserted + duplicates + invalid;
  const rows = { blockId, operatorId, rows: total, inserted, duplicates, invalid };
  for (const [name, value] of Object.entries(rows)) console.log(`${name.padEnd(12)}${value}`);
  if (errors.length === 0) return;
  console.log(`\n${'row'.padStart(8)}  ${'code'.padEnd(20)}  value`);
  for (const { row, code, value } of errors.slice(0, shownErrors)) {
    console.log(`${String(row).padStart(8)}  ${code.padEnd(20)}  ${value}`);
  }
  if (invalid > shownErrors) {
    console.log(`… all ${invalid} of them: ${errorsUrl ?? 'errors.csv'}`);
  }
}

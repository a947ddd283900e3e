import { openAsBlob, readFileSync } from 'node:fs';
import path from 'node:path';
import { CliFailure, exitCodes } from './cli-failure.js';
import { ProgressBar } from './progress-bar.js';
import { sendForm, type FormAnswer } from './send-form.js';
import { adminApi } from './stack-file.js';

export interface ImportOptions {
  operator: string;
  key?: string;
  signature?: string;
  signatureFile?: string;
  identifierClass?: string;
  blockPrefix?: string;
  dryRun?: boolean;
  strict?: boolean;
  json?: boolean;
}

interface ImportSummary {
  blockId?: string;
  operatorId: string;
  inserted: number;
  duplicates: number;
  invalid: number;
  errors: { row: number; value: string; code: string }[];
  errorsUrl?: string;
}

interface Problem {
  code?: string;
  detail?: string;
  errors?: { field: string; message: string }[];
}

const shownErrors = 20;

/**
 * Sends a signed CSV to inventory-api and prints what it came to. It signs nothing itself: the
 * signature is the operator's.
 *
 * @returns the exit code: 1 where `--strict` is given and a row is invalid
 * @throws CliFailure where the import was refused or a file cannot be read
 */
export async function importBlock(file: string, options: ImportOptions): Promise<number> {
  const { url, token } = adminApi();
  const signature = signatureOf(file, options);
  const csv = await openCsv(file);
  const form = formOf(options, signature, csv, path.basename(file));
  const bar = new ProgressBar(csv.size);
  let answer: FormAnswer;
  try {
    const route = new URL('/v1/admin/numbering/blocks/import', url);
    answer = await sendForm(route, token, form, (bytes) => bar.sent(bytes));
  } finally {
    bar.clear();
  }
  if (answer.status !== 200 && answer.status !== 201) throw refused(answer);
  const summary = JSON.parse(answer.text) as ImportSummary;
  if (options.json) console.log(answer.text);
  else printSummary(summary, options.dryRun === true, url);
  return options.strict && summary.invalid > 0 ? exitCodes.failed : 0;
}

async function openCsv(file: string): Promise<Blob> {
  try {
    return await openAsBlob(file, { type: 'text/csv' });
  } catch {
    throw new CliFailure(exitCodes.failed, `${file} cannot be read.`);
  }
}

/** Raw or base64; beside the file, with `.sig` after its name, unless told otherwise. */
function signatureOf(file: string, { signature, signatureFile }: ImportOptions): string {
  if (signature !== undefined && signatureFile !== undefined) {
    throw new CliFailure(exitCodes.usage, 'Give --signature or --signature-file, not both.');
  }
  if (signature !== undefined) return signature;
  const where = signatureFile ?? `${file}.sig`;
  let bytes: Buffer;
  try {
    bytes = readFileSync(where);
  } catch {
    const hint = signatureFile ? '' : ' Give --signature-file FILE or --signature BASE64.';
    throw new CliFailure(exitCodes.failed, `The signature ${where} cannot be read.${hint}`);
  }
  const text = bytes.toString('latin1').trim();
  return /^[A-Za-z0-9+/]+={0,2}$/.test(text) ? text : bytes.toString('base64');
}

function formOf(options: ImportOptions, signature: string, csv: Blob, name: string): FormData {
  const form = new FormData();
  const fields = {
    operatorId: options.operator,
    signature,
    keyId: options.key,
    blockPrefix: options.blockPrefix,
    identifierClass: options.identifierClass,
    dryRun: options.dryRun ? 'true' : undefined,
  };
  for (const [field, value] of Object.entries(fields)) {
    if (value !== undefined) form.append(field, value);
  }
  form.append('csvFile', csv, name);
  return form;
}

function refused({ status, text }: FormAnswer): CliFailure {
  let problem: Problem = {};
  try {
    problem = JSON.parse(text) as Problem;
  } catch {
    // Something between here and the service answered.
  }
  const { code = 'no problem+json', detail = text.slice(0, 200), errors = [] } = problem;
  const faults = errors.map(({ field, message }) => `\n  ${field}: ${message}`).join('');
  return new CliFailure(
    exitCodes.failed,
    `The import was refused (${status} ${code}): ${detail}${faults}`,
  );
}

function printSummary(summary: ImportSummary, isDryRun: boolean, api: string): void {
  const { blockId, operatorId, inserted, duplicates, invalid, errors, errorsUrl } = summary;
  if (isDryRun) {
    console.log(
      blockId === undefined
        ? 'Dry run: nothing was written. The import would come to this:'
        : 'Dry run: this file is imported already; the import would answer this again:',
    );
  }
  const total = inserted + duplicates + invalid;
  const block = blockId === undefined ? {} : { blockId };
  const rows = { ...block, operatorId, rows: total, inserted, duplicates, invalid };
  for (const [name, value] of Object.entries(rows)) console.log(`${name.padEnd(12)}${value}`);
  if (errors.length > 0) {
    console.log(`\n${'row'.padStart(8)}  ${'code'.padEnd(20)}  value`);
    for (const { row, code, value } of errors.slice(0, shownErrors)) {
      console.log(`${String(row).padStart(8)}  ${code.padEnd(20)}  ${value}`);
    }
  }
  const left = invalid - Math.min(errors.length, shownErrors);
  if (left > 0) console.log(`… and ${left} more invalid rows`);
  if (errorsUrl) console.log(`\nAll invalid rows and duplicates: ${new URL(errorsUrl, api)}`);
}

import { once } from 'node:events';
import type { Multipart, MultipartFile } from '@fastify/multipart';
import { IDENTIFIER_CLASSES, type IdentifierClass } from '@numbering/contracts';
import { SpooledFile } from '@numbering/platform';
import type { FastifyRequest } from 'fastify';
import { isText, MAX_ID_CHARS } from '../../http/fields';
import { Problem, validationFailed, type Fault } from '../../http/problem';
import { PROBLEMS } from '../../http/refusal-status';

/** A file is verified in memory, so it must fit there: some nine million bare numbers. */
export const MAX_FILE_BYTES = 128 * 1024 * 1024;
/** The file with everything around it. */
const MAX_FORM_BYTES = MAX_FILE_BYTES + 2 * 1024 * 1024;
/** A signature of the longest RSA key is a thousandth of this. */
const MAX_FIELD_BYTES = 64 * 1024;
/** More than the form has, so that what is too much is told by its name. */
const MAX_FIELDS = 20;
const MAX_FILES = 2;

export const MULTIPART_LIMITS = {
  fileSize: MAX_FILE_BYTES,
  fieldSize: MAX_FIELD_BYTES,
  fields: MAX_FIELDS,
  files: MAX_FILES,
  parts: MAX_FIELDS + MAX_FILES,
};

const FILE_FIELD = 'csvFile';
/** The text fields: whether each must be there, and how long it may be. */
const FIELDS = {
  operatorId: { required: true, maxChars: MAX_ID_CHARS },
  signature: { required: true, maxChars: MAX_FIELD_BYTES },
  keyId: { required: false, maxChars: MAX_ID_CHARS },
  blockPrefix: { required: false, maxChars: 16 },
  identifierClass: { required: false, maxChars: MAX_ID_CHARS },
  dryRun: { required: false, maxChars: MAX_ID_CHARS },
} as const;
type FieldName = keyof typeof FIELDS;

export interface BlockForm {
  operatorId: string;
  signature: string;
  keyId?: string;
  blockPrefix?: string;
  identifierClass: IdentifierClass;
  dryRun: boolean;
  /** Whoever asked for the form closes it. */
  file: SpooledFile;
  /**
   * The fields and the digest of the file: what a repeat under an Idempotency-Key is compared by.
   */
  asked: Readonly<Record<string, string>>;
}

/** The parts as they came: texts by name, the file, and what was no part of this form. */
interface Parts {
  texts: Map<string, string>;
  file?: SpooledFile;
  faults: Fault[];
}

/**
 * Reads the form of a block import, its parts in any order, the file onto disk.
 * @throws Problem VALIDATION_FAILED, PAYLOAD_TOO_LARGE or MALFORMED
 */
export async function readBlockForm(request: FastifyRequest): Promise<BlockForm> {
  if (Number(request.headers['content-length'] ?? 0) > MAX_FORM_BYTES) throw tooLarge();
  const parts: Parts = { texts: new Map(), faults: [] };
  try {
    await gather(request.parts({ limits: MULTIPART_LIMITS }), parts);
    return formOf(parts);
  } catch (error) {
    await parts.file?.close();
    if (error instanceof Problem) throw error;
    const { statusCode, syscall } = error as { statusCode?: unknown; syscall?: unknown };
    // A disk that is full is not the caller's fault.
    if (syscall !== undefined) throw error;
    if (statusCode === PROBLEMS.PAYLOAD_TOO_LARGE.status) throw tooLarge();
    throw new Problem('MALFORMED', 'The body is no well-formed multipart/form-data');
  }
}

const tooLarge = (): Problem =>
  new Problem('PAYLOAD_TOO_LARGE', `A block's file has at most ${MAX_FILE_BYTES} bytes`);

async function gather(form: AsyncIterable<Multipart>, parts: Parts): Promise<void> {
  const { texts, faults } = parts;
  for await (const part of form) {
    const { fieldname: name } = part;
    const isTwice = name === FILE_FIELD ? parts.file !== undefined : texts.has(name);
    if (isTwice) faults.push({ field: name, code: 'TWICE', message: `${name} is there twice` });
    if (part.type === 'file') {
      if (name !== FILE_FIELD) faults.push(unknownField(name));
      if (name === FILE_FIELD && !isTwice) parts.file = await spooled(part);
      else await passedOver(part);
    } else if (Object.hasOwn(FIELDS, name)) {
      texts.set(name, String(part.value));
    } else if (name === FILE_FIELD) {
      faults.push({ field: name, code: 'IS_FILE', message: `${name} is sent as a file` });
    } else faults.push(unknownField(name));
  }
}

async function spooled({ file }: MultipartFile): Promise<SpooledFile> {
  const onDisk = await SpooledFile.of(file as AsyncIterable<Buffer>);
  if (!file.truncated) return onDisk;
  await onDisk.close();
  throw tooLarge();
}

/** Read whatever it is: the parts behind it come only then. */
async function passedOver({ file }: MultipartFile): Promise<void> {
  file.resume();
  await once(file, 'close');
}

function formOf({ texts, file, faults }: Parts): BlockForm {
  for (const name of Object.keys(FIELDS) as FieldName[]) {
    faults.push(...faultsOf(name, texts.get(name)));
  }
  if (file === undefined && !faults.some(({ field }) => field === FILE_FIELD)) {
    faults.push({ field: FILE_FIELD, code: 'REQUIRED', message: `${FILE_FIELD} is missing` });
  }
  if (file === undefined || faults.length > 0) throw validationFailed(faults);
  const identifierClass = texts.get('identifierClass') ?? 'MSISDN';
  return {
    operatorId: texts.get('operatorId') ?? '',
    signature: texts.get('signature') ?? '',
    keyId: texts.get('keyId'),
    blockPrefix: texts.get('blockPrefix'),
    identifierClass: isClass(identifierClass) ? identifierClass : 'MSISDN',
    dryRun: texts.get('dryRun') === 'true',
    file,
    asked: { ...Object.fromEntries(texts), [FILE_FIELD]: file.sha256 },
  };
}

function faultsOf(name: FieldName, text: string | undefined): Fault[] {
  const { required, maxChars } = FIELDS[name];
  if (text === undefined) {
    return required ? [{ field: name, code: 'REQUIRED', message: `${name} is missing` }] : [];
  }
  // An empty signature is one that does not fit, which leaves its audit row.
  if (!isText(text, name === 'signature' ? 0 : 1, maxChars)) {
    const message = `a text of 1 to ${maxChars} characters is wanted`;
    return [{ field: name, code: 'IS_TEXT', message }];
  }
  const values = VALUES[name];
  if (values && !values.includes(text)) {
    return [{ field: name, code: 'IS_IN', message: `one of ${values.join(', ')} is wanted` }];
  }
  return [];
}

/** The fields that have a value out of a few. */
const VALUES: Partial<Record<FieldName, readonly string[]>> = {
  identifierClass: IDENTIFIER_CLASSES,
  dryRun: ['true', 'false'],
};

const isClass = (text: string): text is IdentifierClass =>
  IDENTIFIER_CLASSES.some((each) => each === text);

const unknownField = (name: string): Fault => ({
  field: name.slice(0, MAX_ID_CHARS),
  code: 'UNKNOWN_MEMBER',
  message: 'the form has no such field',
});

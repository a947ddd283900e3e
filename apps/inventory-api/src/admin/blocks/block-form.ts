import { createHash } from 'node:crypto';
import type { Multipart } from '@fastify/multipart';
import { IDENTIFIER_CLASSES, type IdentifierClass } from '@numbering/contracts';
import type { FastifyRequest } from 'fastify';
import { isText, MAX_ID_CHARS } from '../../http/fields';
import { Problem, validationFailed, type Fault } from '../../http/problem';
import { PROBLEMS } from '../../http/refusal-status';

/**
 * A file is verified over one buffer, so it must fit into memory: some nine million bare numbers.
 */
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
} as const;
type FieldName = keyof typeof FIELDS;

export interface BlockForm {
  operatorId: string;
  signature: string;
  keyId?: string;
  blockPrefix?: string;
  identifierClass: IdentifierClass;
  file: Buffer;
  /**
   * The fields and the digest of the file: what a repeat under an Idempotency-Key is compared by.
   */
  asked: Readonly<Record<string, string>>;
}

/** The parts as they came: texts by name, the file, and what was no part of this form. */
interface Parts {
  texts: ReadonlyMap<string, string>;
  file?: Buffer;
  faults: Fault[];
}

/**
 * Reads the form of a block import, its parts in any order, the file into one buffer.
 * @throws Problem VALIDATION_FAILED, PAYLOAD_TOO_LARGE or MALFORMED
 */
export async function readBlockForm(request: FastifyRequest): Promise<BlockForm> {
  const { texts, file, faults } = await partsOf(request);
  for (const name of Object.keys(FIELDS) as FieldName[]) {
    faults.push(...faultsOf(name, texts.get(name)));
  }
  if (file === undefined && !faults.some(({ field }) => field === FILE_FIELD)) {
    faults.push({ field: FILE_FIELD, code: 'REQUIRED', message: `${FILE_FIELD} is missing` });
  }
  if (file === undefined || faults.length > 0) throw validationFailed(faults);
  return formOf(texts, file);
}

async function partsOf(request: FastifyRequest): Promise<Parts> {
  if (Number(request.headers['content-length'] ?? 0) > MAX_FORM_BYTES) throw tooLarge();
  try {
    return await gather(request.parts({ limits: MULTIPART_LIMITS }));
  } catch (error) {
    const { statusCode } = error as { statusCode?: unknown };
    if (statusCode === PROBLEMS.PAYLOAD_TOO_LARGE.status) throw tooLarge();
    throw new Problem('MALFORMED', 'The body is no well-formed multipart/form-data');
  }
}

const tooLarge = (): Problem =>
  new Problem('PAYLOAD_TOO_LARGE', `A block's file has at most ${MAX_FILE_BYTES} bytes`);

async function gather(parts: AsyncIterable<Multipart>): Promise<Parts> {
  const faults: Fault[] = [];
  const texts = new Map<string, string>();
  let file: Buffer | undefined;
  for await (const part of parts) {
    const { fieldname: name } = part;
    const isTwice = name === FILE_FIELD ? file !== undefined : texts.has(name);
    if (isTwice) faults.push({ field: name, code: 'TWICE', message: `${name} is there twice` });
    if (part.type === 'file') {
      // Read whatever its name: the parts behind it come only then.
      const bytes = await part.toBuffer();
      if (name === FILE_FIELD) file = bytes;
      else faults.push(unknownField(name));
    } else if (Object.hasOwn(FIELDS, name)) {
      texts.set(name, String(part.value));
    } else if (name === FILE_FIELD) {
      faults.push({ field: name, code: 'IS_FILE', message: `${name} is sent as a file` });
    } else faults.push(unknownField(name));
  }
  return { texts, file, faults };
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
  if (name === 'identifierClass' && !isClass(text)) {
    const message = `one of ${IDENTIFIER_CLASSES.join(', ')} is wanted`;
    return [{ field: name, code: 'IS_IN', message }];
  }
  return [];
}

const isClass = (text: string): text is IdentifierClass =>
  IDENTIFIER_CLASSES.some((each) => each === text);

const unknownField = (name: string): Fault => ({
  field: name.slice(0, MAX_ID_CHARS),
  code: 'UNKNOWN_MEMBER',
  message: 'the form has no such field',
});

function formOf(texts: ReadonlyMap<string, string>, file: Buffer): BlockForm {
  const identifierClass = texts.get('identifierClass') ?? 'MSISDN';
  return {
    operatorId: texts.get('operatorId') ?? '',
    signature: texts.get('signature') ?? '',
    keyId: texts.get('keyId'),
    blockPrefix: texts.get('blockPrefix'),
    identifierClass: isClass(identifierClass) ? identifierClass : 'MSISDN',
    file,
    asked: {
      ...Object.fromEntries(texts),
      [FILE_FIELD]: createHash('sha256').update(file).digest('hex'),
    },
  };
}

import { constants, generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';
import type { Answer, RestCaller } from '@numbering/testing';

export const ADMIN = '/v1/admin/numbering';
const RSA_BITS = 2_048;
const RSA_SALT_BYTES = 32;

type Algorithm = 'Ed25519' | 'RSA-PSS-SHA256';

/** A key pair of an operator, as the operator keeps it. */
export class OperatorKey {
  readonly keyId = `key-${randomBytes(5).toString('hex')}`;
  readonly publicKeyPem: string;
  private readonly privateKey: KeyObject;

  constructor(readonly algorithm: Algorithm = 'Ed25519') {
    const { publicKey, privateKey } =
      algorithm === 'Ed25519'
        ? generateKeyPairSync('ed25519')
        : generateKeyPairSync('rsa', { modulusLength: RSA_BITS });
    this.publicKeyPem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
    this.privateKey = privateKey;
  }

  /** base64, detached, over the exact bytes. */
  sign(file: Buffer): string {
    const key = this.privateKey;
    if (this.algorithm === 'Ed25519') return sign(null, file, key).toString('base64');
    const padding = constants.RSA_PKCS1_PSS_PADDING;
    return sign('sha256', file, { key, padding, saltLength: RSA_SALT_BYTES }).toString('base64');
  }

  pem(): string {
    return this.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  }
}

export type Fields = Record<string, string | undefined>;

/** The form of an import; a field that is undefined is left out. */
export function blockForm(file: Buffer | undefined, fields: Fields): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) {
    if (value !== undefined) form.append(name, value);
  }
  if (file) form.append('csvFile', new Blob([new Uint8Array(file)]), 'block.csv');
  return form;
}

/** An operator of a test's own, with 100,000 numbers that nobody else touches, and its key. */
export class TestOperator {
  readonly operatorId = `OP_${randomBytes(5).toString('hex').toUpperCase()}`;
  readonly key = new OperatorKey();

  private constructor(
    readonly admin: RestCaller,
    readonly prefix: string,
  ) {}

  static async create(admin: RestCaller): Promise<TestOperator> {
    const operator = new TestOperator(admin, await unusedPrefix(admin));
    const body = { name: 'of a test', prefixes: [operator.prefix] };
    const put = await admin.put(`${ADMIN}/operators/${operator.operatorId}`, body);
    if (put.status !== 200) throw new Error(JSON.stringify(put.body));
    await operator.addKey(operator.key);
    return operator;
  }

  async addKey(key: OperatorKey, window: Record<string, string> = {}): Promise<void> {
    const { operatorId } = this;
    const { keyId, algorithm, publicKeyPem } = key;
    const body = { operatorId, keyId, algorithm, publicKeyPem, ...window };
    const added = await this.admin.post(`${ADMIN}/signing-keys`, body);
    if (added.status !== 201) throw new Error(JSON.stringify(added.body));
  }

  /** The operator's numbers from the nth on. */
  numbers(count: number, from = 0): string[] {
    return Array.from(
      { length: count },
      (_, i) => `+93${this.prefix}${String(from + i).padStart(5, '0')}`,
    );
  }

  csv(count: number, from = 0): Buffer {
    return Buffer.from(`msisdn\n${this.numbers(count, from).join('\n')}\n`);
  }

  /** Sends a file as it is, signed by the operator's key unless the fields say otherwise. */
  send(file: Buffer, fields: Fields = {}, headers: Record<string, string> = {}): Promise<Answer> {
    const form = blockForm(file, {
      operatorId: this.operatorId,
      signature: this.key.sign(file),
      ...fields,
    });
    return this.admin.post(`${ADMIN}/blocks/import`, form, headers);
  }
}

const FIRST_PREFIX = 1_000;
const PREFIXES_A_WORKER = 2_000;

/** Four digits that no operator has, out of those of this worker of jest. */
async function unusedPrefix(admin: RestCaller): Promise<string> {
  const used = new Set<string>();
  for (let page = ''; ;) {
    const { body } = await admin.get(`${ADMIN}/operators?limit=200${page}`);
    const { items, nextPage } = body as { items: { prefixes: string[] }[]; nextPage: string };
    for (const { prefixes } of items) for (const each of prefixes) used.add(each);
    if (!nextPage) break;
    page = `&page=${nextPage}`;
  }
  const worker = Number(process.env.JEST_WORKER_ID ?? '1');
  let prefix = FIRST_PREFIX + (worker - 1) * PREFIXES_A_WORKER;
  while (used.has(String(prefix))) prefix++;
  return String(prefix);
}

/** One bit of the middle byte is another. */
export function flipped(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  const middle = Math.floor(copy.length / 2);
  copy[middle] = (copy[middle] ?? 0) ^ 1;
  return copy;
}

export const codeOf = ({ status, body }: Answer) => [status, body.code];

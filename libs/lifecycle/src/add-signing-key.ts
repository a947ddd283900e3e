import { createPublicKey, type KeyObject } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { refuse, type Refusal, type SigningKey } from '@numbering/domain';
import { OperatorStore, SigningKeyStore } from '@numbering/persistence';
import { invalidField } from './invalid-field';
import { LedgerAct } from './ledger-act';
import type { CommandContext, Outcome } from './outcome';
import { signingKeyView, type SigningKeyView } from './signing-key-view';

export interface AddSigningKeyAsk {
  operatorId: string;
  keyId: string;
  algorithm: SigningKey['algorithm'];
  publicKeyPem: string;
  validFrom?: Date;
  validUntil?: Date;
}

const KEY_TYPES = { Ed25519: ['ed25519'], 'RSA-PSS-SHA256': ['rsa', 'rsa-pss'] } as const;
const PUBLIC_PEM = /^\s*-----BEGIN (RSA )?PUBLIC KEY-----[^]*-----END (RSA )?PUBLIC KEY-----\s*$/;
/** Shorter RSA keys are within reach of an attacker. */
const MIN_RSA_BITS = 2_048;

/** US-NUM-001, ruling 5: an operator's public key, valid from now on unless it says otherwise. */
@Injectable()
export class AddSigningKey {
  constructor(
    private readonly act: LedgerAct,
    private readonly operators: OperatorStore,
    private readonly keys: SigningKeyStore,
  ) {}

  run(context: CommandContext, ask: AddSigningKeyAsk): Promise<Outcome<SigningKeyView>> {
    return this.act.run<SigningKeyView>(context, async (manager, now) => {
      const unfit = unfitKey(ask.algorithm, ask.publicKeyPem);
      if (unfit) return { refusal: unfit };
      if (!(await this.operators.one(manager, ask.operatorId))) {
        const detail = `${ask.operatorId} is no operator`;
        return { refusal: invalidField('operatorId', 'UNKNOWN_OPERATOR', detail) };
      }
      const validFrom = ask.validFrom ?? now;
      const validUntil = ask.validUntil ?? null;
      if (validUntil !== null && validUntil <= validFrom) {
        const detail = 'validUntil is not after validFrom';
        return { refusal: invalidField('validUntil', 'NOT_AFTER_VALID_FROM', detail) };
      }
      const key: SigningKey = { ...ask, validFrom, validUntil, revokedAt: null };
      if (!(await this.keys.add(manager, key))) {
        const detail = `There is a key ${ask.keyId} already`;
        return { refusal: invalidField('keyId', 'TAKEN', detail) };
      }
      const { operatorId, keyId, algorithm } = key;
      const detail = { operatorId, keyId, algorithm, before: null, after: signingKeyView(key) };
      return {
        answer: signingKeyView(key),
        records: [{ action: 'KEY_ADD', at: now, detail }],
      };
    });
  }
}

function unfitKey(algorithm: SigningKey['algorithm'], pem: string): Refusal | undefined {
  let key: KeyObject;
  try {
    // Node makes a public key of a private one too; what is private must not be stored.
    if (!PUBLIC_PEM.test(pem)) throw new Error('no public key');
    key = createPublicKey(pem);
  } catch {
    return invalidField('publicKeyPem', 'NO_PUBLIC_KEY', 'publicKeyPem is no public key in PEM');
  }
  const type = key.asymmetricKeyType ?? '';
  if (!KEY_TYPES[algorithm].some((each) => each === type)) {
    return invalidField('publicKeyPem', 'OTHER_ALGORITHM', `The key is ${type}, not ${algorithm}`);
  }
  const bits = key.asymmetricKeyDetails?.modulusLength;
  if (bits !== undefined && bits < MIN_RSA_BITS) {
    const detail = `The key has ${bits} bits, at least ${MIN_RSA_BITS} are wanted`;
    return invalidField('publicKeyPem', 'TOO_SHORT', detail);
  }
  return undefined;
}

export const unknownKey = (keyId: string): Refusal =>
  refuse('NOT_FOUND', `There is no key ${keyId}`);

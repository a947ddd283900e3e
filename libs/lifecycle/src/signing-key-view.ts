import type { SigningKey } from '@numbering/domain';

/** A key as administrators see it: all but the key itself. */
export type SigningKeyView = Omit<SigningKey, 'publicKeyPem'>;

export const signingKeyView = (key: SigningKey): SigningKeyView => ({
  operatorId: key.operatorId,
  keyId: key.keyId,
  algorithm: key.algorithm,
  validFrom: key.validFrom,
  validUntil: key.validUntil,
  revokedAt: key.revokedAt,
});

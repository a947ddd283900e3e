import { Injectable } from '@nestjs/common';
import { SigningKeyStore } from '@numbering/persistence';
import { unknownKey } from './add-signing-key';
import { LedgerAct } from './ledger-act';
import type { CommandContext, Outcome } from './outcome';
import { signingKeyView, type SigningKeyView } from './signing-key-view';

/** Ruling 5: from now on nothing signed with it is taken; what was taken stays. A second revocation changes nothing. */
@Injectable()
export class RevokeSigningKey {
  constructor(
    private readonly act: LedgerAct,
    private readonly keys: SigningKeyStore,
  ) {}

  run(context: CommandContext, keyId: string): Promise<Outcome<SigningKeyView>> {
    return this.act.run<SigningKeyView>(context, async (manager, now) => {
      const key = await this.keys.locked(manager, keyId);
      if (!key) return { refusal: unknownKey(keyId) };
      if (key.revokedAt) return { answer: signingKeyView(key), records: [] };
      await this.keys.revoke(manager, keyId, now);
      const [before, after] = [signingKeyView(key), signingKeyView({ ...key, revokedAt: now })];
      const detail = { operatorId: key.operatorId, keyId, before, after };
      return {
        answer: after,
        records: [{ action: 'KEY_REVOKE', at: now, detail }],
      };
    });
  }
}

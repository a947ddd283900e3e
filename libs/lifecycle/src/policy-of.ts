import { DEFAULT_POLICY, type Policy } from '@numbering/domain';
import type { Config } from '@numbering/platform';

/** The owner's numbers, with those that configuration may change as it says. */
export const policyOf = (config: Config): Policy => ({
  ...DEFAULT_POLICY,
  reserveTtlMs: config.reserveTtlMs,
  holdTtlMs: config.holdTtlMs,
  quarantineMs: {
    MSISDN: config.quarantineMs.MSISDN,
    SHORT_CODE: config.quarantineMs.SHORT_CODE,
    ALPHA: config.quarantineMs.ALPHA,
  },
  quarantineMsByReason: config.quarantineMsByReason,
  quarantineVanityMs: config.quarantineMs.VANITY,
  renewalWindowMs: config.renewalWindowMs,
  vanityGraceMs: config.vanityGraceMs,
  renewalOutageGraceMs: config.renewalOutageGraceMs,
});

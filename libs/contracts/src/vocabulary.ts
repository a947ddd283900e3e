/** The words that cross a wire or a table. Their meaning: README "Words", docs of each state in the domain. */

export const IDENTIFIER_CLASSES = ['MSISDN', 'SHORT_CODE', 'ALPHA'] as const;
export type IdentifierClass = (typeof IDENTIFIER_CLASSES)[number];

export const PLANS = ['starter', 'business', 'premium', 'enterprise'] as const;
export type Plan = (typeof PLANS)[number];

export const RECALL_REASONS = [
  'REGULATOR_ORDER',
  'ABUSE',
  'TENANT_REQUEST',
  'COMPLIANCE_SUSPENSION',
  'NON_PAYMENT',
  'OPERATOR_WITHDRAWAL',
] as const;
export type RecallReason = (typeof RECALL_REASONS)[number];

/** What can happen to a number; one audit row each. */
export const NUMBER_ACTIONS = [
  'RESERVE',
  'HOLD',
  'RELEASE',
  'TTL_EXPIRE',
  'LEASE',
  'RENEW',
  'RENEW_FAIL',
  'RENEW_REMIND',
  'SUSPEND',
  'RESUME',
  'RECALL',
  'EXPIRE',
  'QUARANTINE',
  'QUARANTINE_END',
  'QUARANTINE_OVERRIDE',
  'RETIRE',
] as const;
export type NumberAction = (typeof NUMBER_ACTIONS)[number];

/** What is done without one identifier; one audit row each too. */
export const LEDGER_ACTIONS = [
  'IMPORT',
  'REGISTER',
  'SIGNATURE_REJECTED',
  'IMPORT_REJECTED',
  'KEY_ADD',
  'KEY_REVOKE',
  'TENANT_CHANGE',
  'TENANT_SUSPEND',
  'TENANT_REINSTATE',
  'QUOTA_CHANGE',
  'PRICE_CHANGE',
  'OPERATOR_CHANGE',
  'RENEW_APPROVAL_UNUSED',
] as const;
export type LedgerAction = (typeof LEDGER_ACTIONS)[number];

/** How near a pool is to having no number left (US-NUM-013); SEV1 wakes somebody. */
export const POOL_SEVERITIES = ['WARNING', 'SEV1'] as const;
export type PoolSeverity = (typeof POOL_SEVERITIES)[number];

/** Why `ValidateLease` says no (ruling 9, in the order in which they are judged). */
export const INVALID_REASONS = [
  'NOT_REGISTERED',
  'WRONG_TENANT',
  'LEASE_SUSPENDED',
  'LEASE_EXPIRED',
  'LEASE_RECALLED',
  'NOT_LEASED',
] as const;
export type InvalidReason = (typeof INVALID_REASONS)[number];

import type {
  IdentifierClass,
  IdentifierEvent,
  NumberAction,
  RecallReason,
} from '@numbering/contracts';

/**
 * THE state machine of an identifier.
 *
 * AVAILABLE: in the pool; whoever may can reserve it, once its `validFrom` has come.
 * RESERVED: one tenant looks at it for 15 minutes; nobody else can take it. Past `expiresAt` it counts as AVAILABLE.
 * HELD: one tenant builds on it for 24 hours; else as RESERVED.
 * LEASED: one tenant sends as it, from `effectiveFrom` until `effectiveUntil` (and its grace).
 * SUSPENDED: a lease that an admin has stopped for a while; the term runs on, the number stays its tenant's.
 * RECALLED, EXPIRED: how a lease ended; passed through within one transaction, never at rest.
 * QUARANTINE: nobody's until `availableAt`, so that a number cannot be rotated between tenants.
 * RETIRED: withdrawn for good. Nothing leaves this state.
 */
export type NumberRecord = NumberIdentity & NumberStanding;

export interface NumberIdentity {
  identifier: string;
  identifierClass: IdentifierClass;
  operatorId: string;
  vanityEligible: boolean;
  /** Not listed, reservable or leasable before; null: from the beginning. */
  validFrom: Date | null;
  /** Grows by one with every change. */
  version: number;
  /** The database's clock at the last change: the next one is never earlier. */
  changedAt: Date;
}

export type NumberStanding =
  | { state: 'AVAILABLE' }
  | { state: 'RESERVED'; claim: Claim }
  | { state: 'HELD'; claim: Claim }
  | { state: 'LEASED'; lease: Lease }
  | { state: 'SUSPENDED'; lease: Lease }
  | { state: 'RECALLED'; lease: Lease; ending: LeaseEnding }
  | { state: 'EXPIRED'; lease: Lease; ending: LeaseEnding }
  | { state: 'QUARANTINE'; availableAt: Date; ending: LeaseEnding }
  | { state: 'RETIRED' };

export type NumberState = NumberStanding['state'];

/** A reservation or a hold. */
export interface Claim {
  leaseId: string;
  tenantId: string;
  /** The first moment at which it no longer counts. */
  expiresAt: Date;
}

export interface Lease {
  leaseId: string;
  tenantId: string;
  /** As the tenant wrote it (`30d`, `P1Y`). */
  term: string;
  effectiveFrom: Date;
  /** Exclusive. */
  effectiveUntil: Date;
  autoRenew: boolean;
  vanity: boolean;
  /** The history row of the term that runs; the first term's has the lease's own id (ruling 27). */
  termId: string;
  /** Definite refusals of billing in this term; one ends the outage grace (ruling 28). */
  renewalRefusals: number;
  /** When billing last refused in this term. */
  refusedAt: Date | null;
  /** When it was last told in this term that the tenant's suspension keeps the lease from being renewed (ruling 30). */
  skippedAt: Date | null;
  /** When the tenant was last reminded of the grace in this term (ruling 29). */
  remindedAt: Date | null;
}

/** What a term begins with: nobody has been told of anything yet. */
export const NOTHING_TOLD = { refusedAt: null, skippedAt: null, remindedAt: null } as const;

/** How the last lease of a number in quarantine ended. */
export interface LeaseEnding {
  cause: 'RECALL' | 'EXPIRY';
  leaseId: string;
  tenantId: string;
  /** In whose name it was recalled; absent after an expiry. */
  actorId?: string;
  /** Whose token it was, which differs where a system actor named another. */
  callerSub?: string;
  reason: RecallReason | 'LEASE_EXPIRED';
  ticketId?: string;
}

export const NUMBER_STATES = [
  'AVAILABLE',
  'RESERVED',
  'HELD',
  'LEASED',
  'SUSPENDED',
  'RECALLED',
  'EXPIRED',
  'QUARANTINE',
  'RETIRED',
] as const satisfies readonly NumberState[];

/** The states of a claim that occupy the identifier: at most one such row, by a partial unique index. */
export const OCCUPYING_STATES = ['RESERVED', 'HELD', 'LEASED', 'SUSPENDED'] as const;

/** Every legal move: what happens → from → to (ruling 26). What is not here cannot happen. */
export const MOVES: Readonly<
  Record<NumberAction, readonly (readonly [NumberState, NumberState])[]>
> = {
  RESERVE: [['AVAILABLE', 'RESERVED']],
  HOLD: [['RESERVED', 'HELD']],
  RELEASE: [
    ['RESERVED', 'AVAILABLE'],
    ['HELD', 'AVAILABLE'],
  ],
  TTL_EXPIRE: [
    ['RESERVED', 'AVAILABLE'],
    ['HELD', 'AVAILABLE'],
  ],
  LEASE: [
    ['RESERVED', 'LEASED'],
    ['HELD', 'LEASED'],
    ['AVAILABLE', 'LEASED'],
  ],
  RENEW: [
    ['LEASED', 'LEASED'],
    ['SUSPENDED', 'SUSPENDED'],
  ],
  RENEW_FAIL: [
    ['LEASED', 'LEASED'],
    ['SUSPENDED', 'SUSPENDED'],
  ],
  RENEW_REMIND: [
    ['LEASED', 'LEASED'],
    ['SUSPENDED', 'SUSPENDED'],
  ],
  SUSPEND: [['LEASED', 'SUSPENDED']],
  RESUME: [['SUSPENDED', 'LEASED']],
  RECALL: [
    ['LEASED', 'RECALLED'],
    ['SUSPENDED', 'RECALLED'],
  ],
  EXPIRE: [
    ['LEASED', 'EXPIRED'],
    ['SUSPENDED', 'EXPIRED'],
  ],
  QUARANTINE: [
    ['RECALLED', 'QUARANTINE'],
    ['EXPIRED', 'QUARANTINE'],
  ],
  QUARANTINE_END: [
    ['QUARANTINE', 'AVAILABLE'],
    ['RECALLED', 'AVAILABLE'],
    ['EXPIRED', 'AVAILABLE'],
  ],
  QUARANTINE_OVERRIDE: [['QUARANTINE', 'AVAILABLE']],
  RETIRE: [
    ['AVAILABLE', 'RETIRED'],
    ['QUARANTINE', 'RETIRED'],
  ],
};

export const isLegalMove = (action: NumberAction, from: NumberState, to: NumberState): boolean =>
  MOVES[action].some((move) => move[0] === from && move[1] === to);

/** What a step does to the claim's row. */
export type ClaimChange =
  | { kind: 'OPEN_RESERVATION'; claim: Claim }
  | { kind: 'HOLD'; claim: Claim }
  | { kind: 'OPEN_LEASE'; lease: Lease }
  | { kind: 'LEASE'; lease: Lease }
  | { kind: 'MARK'; leaseId: string; state: 'LEASED' | 'SUSPENDED' }
  /** A new term, from `termFrom`, behind the prior one. */
  | { kind: 'RENEW'; lease: Lease; priorTermId: string; termFrom: Date }
  /** Nothing but what the lease remembers of its renewal. */
  | { kind: 'RENEWAL_TOLD'; lease: Lease }
  | {
      kind: 'END';
      leaseId: string;
      tenantId: string;
      state: 'RELEASED' | 'TTL_EXPIRED' | 'RECALLED' | 'EXPIRED';
      /** The lease that ends, where it was one: its slot of the tenant's quota is free again. */
      wasLease: boolean;
      actorId?: string;
      callerSub?: string;
      reason?: string;
      ticketId?: string;
    };

/** A tenant may not have the number again before `until` (ruling 22). */
export interface RecallBar {
  tenantId: string;
  until: Date;
}

/** An admin's release from quarantine, kept for the report (ruling 23). */
export interface Override {
  adminId: string;
  justification: string;
  ending: LeaseEnding;
  availableAt: Date;
}

/** One change of one identifier: one version, one audit row, one event. */
export interface Step {
  action: NumberAction;
  before: NumberRecord;
  after: NumberRecord;
  event: IdentifierEvent;
  /** Whose claim it is about, for the audit row and the event. */
  tenantId?: string;
  leaseId?: string;
  reason?: string;
  ticketId?: string;
  detail?: Readonly<Record<string, unknown>>;
  claim?: ClaimChange;
  bar?: RecallBar;
  override?: Override;
}

type StepOf = Omit<Step, 'before' | 'after'>;

/**
 * Makes the step from `before` to a new standing: version and time grow here and nowhere else.
 * @throws when the move is not in `MOVES`: a fault of the program, never an answer to a caller
 */
export function step(before: NumberRecord, standing: NumberStanding, at: Date, of: StepOf): Step {
  if (!isLegalMove(of.action, before.state, standing.state)) {
    throw new Error(`${of.action} cannot lead from ${before.state} to ${standing.state}`);
  }
  const after: NumberRecord = {
    identifier: before.identifier,
    identifierClass: before.identifierClass,
    operatorId: before.operatorId,
    vanityEligible: before.vanityEligible,
    validFrom: before.validFrom,
    version: before.version + 1,
    changedAt: at,
    ...standing,
  };
  return { ...of, before, after };
}

/** The tenant that occupies the number, whatever of the four states; undefined where nobody does. */
export function occupant(number: NumberRecord): string | undefined {
  switch (number.state) {
    case 'RESERVED':
    case 'HELD':
      return number.claim.tenantId;
    case 'LEASED':
    case 'SUSPENDED':
      return number.lease.tenantId;
    case 'AVAILABLE':
    case 'RECALLED':
    case 'EXPIRED':
    case 'QUARANTINE':
    case 'RETIRED':
      return undefined;
  }
}

// What was true when, as far as callers can know: a change was committed somewhere between its call and its answer.
// All times are milliseconds of one monotonic clock, that of the process which both changes and asks.

/** One standing of a subject, from its change on. */
export interface Standing<S> {
  state: S;
  calledAtMs: number;
  /** Infinite while the call has no answer. */
  answeredAtMs: number;
  /** How long after the next change was acknowledged an answer that began then still knew this one. */
  outlivedByMs: number;
}

/** The standings of one number, or of one tenant, in their order. */
export class Timeline<S> {
  readonly standings: Standing<S>[];

  constructor(born: S) {
    this.standings = [{ state: born, calledAtMs: 0, answeredAtMs: 0, outlivedByMs: 0 }];
  }

  get now(): S {
    return (this.standings.at(-1) as Standing<S>).state;
  }

  /** How long each standing outlived the acknowledgement of the next. */
  get outlivedMs(): number[] {
    return this.standings.slice(0, -1).map(({ outlivedByMs }) => outlivedByMs);
  }

  /** A change is asked for; it counts as possible from now on. */
  call(state: S, atMs: number): Standing<S> {
    const standing = { state, calledAtMs: atMs, answeredAtMs: Infinity, outlivedByMs: 0 };
    this.standings.push(standing);
    return standing;
  }

  /** When the standing at this place had ended for certain; infinite for the last one. */
  endOf(at: number): number {
    return this.standings[at + 1]?.answeredAtMs ?? Infinity;
  }
}

export interface NumberStanding {
  state: 'AVAILABLE' | 'RESERVED' | 'HELD' | 'LEASED' | 'SUSPENDED' | 'QUARANTINE';
  tenantId?: string;
  /** Unknown while the call that makes it has no answer. */
  leaseId?: string;
}

export type TenantState = 'ACTIVE' | 'SUSPENDED';

/** What a validator said, and when it was asked. */
export interface Told {
  identifier: string;
  tenantId: string;
  reason: string;
  leaseId: string;
  askedAtMs: number;
  toldAtMs: number;
}

/** Ruling 9 for what the flips bring about, written a second time: no code of the service judges itself. */
export function isTrueOf(told: Told, number: NumberStanding, tenant: TenantState): boolean {
  const isClaimed = number.tenantId !== undefined;
  if (isClaimed && number.tenantId !== told.tenantId) return says(told, 'WRONG_TENANT');
  const isLease = number.state === 'LEASED' || number.state === 'SUSPENDED';
  const own = isLease ? (number.leaseId ?? told.leaseId) : '';
  if (number.state === 'SUSPENDED' || tenant === 'SUSPENDED') {
    return says(told, 'LEASE_SUSPENDED', own);
  }
  if (number.state === 'LEASED') return says(told, '', own);
  return says(told, number.state === 'QUARANTINE' ? 'LEASE_RECALLED' : 'NOT_LEASED');
}

const says = (told: Told, reason: string, leaseId = ''): boolean =>
  told.reason === reason && told.leaseId === leaseId;

/** How an answer compares with what was true. */
export interface Judged {
  /**
   * How long before the question the newest standing that the answer fits had ended for certain; 0 where it may still
   * have been true, infinite where it never was.
   */
  staleMs: number;
  /** The oldest standing of the number, from `floor` on, that the answer fits; undefined: it went back behind it. */
  seen: number | undefined;
}

/** A standing of the number and one of its tenant that an answer fits, and how long ago each had ended. */
interface Fit {
  number: Standing<NumberStanding>;
  numberStaleMs: number;
  tenant: Standing<TenantState>;
  tenantStaleMs: number;
  staleMs: number;
}

/** Compares an answer with the standings of its number and its tenant. @param floor seen by an earlier answer */
export function judgeTold(
  told: Told,
  number: Timeline<NumberStanding>,
  tenant: Timeline<TenantState>,
  floor: number,
): Judged {
  let best: Fit | undefined;
  let seen: number | undefined;
  for (let at = number.standings.length - 1; at >= 0; at--) {
    const fit = fitAt(told, number, tenant, at);
    if (!fit) continue;
    if (at >= floor) seen = at;
    if (best === undefined || fit.staleMs < best.staleMs) best = fit;
    if (best.staleMs === 0 && at <= floor) break;
  }
  if (best) {
    best.number.outlivedByMs = Math.max(best.number.outlivedByMs, best.numberStaleMs);
    best.tenant.outlivedByMs = Math.max(best.tenant.outlivedByMs, best.tenantStaleMs);
  }
  return { staleMs: best?.staleMs ?? Infinity, seen };
}

/** The answer as one of the number as it stood at this place, and of the newest standing of its tenant that fits. */
function fitAt(
  told: Told,
  number: Timeline<NumberStanding>,
  tenant: Timeline<TenantState>,
  at: number,
): Fit | undefined {
  const standing = number.standings[at];
  if (!standing || standing.calledAtMs > told.toldAtMs) return undefined;
  for (let place = tenant.standings.length - 1; place >= 0; place--) {
    const its = tenant.standings[place] as Standing<TenantState>;
    if (its.calledAtMs > told.toldAtMs || !isTrueOf(told, standing.state, its.state)) continue;
    const numberStaleMs = Math.max(0, told.askedAtMs - number.endOf(at));
    const tenantStaleMs = Math.max(0, told.askedAtMs - tenant.endOf(place));
    const staleMs = Math.max(numberStaleMs, tenantStaleMs);
    return { number: standing, numberStaleMs, tenant: its, tenantStaleMs, staleMs };
  }
  return undefined;
}

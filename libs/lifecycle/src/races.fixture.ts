import { type Term } from '@numbering/domain';
import { ExpireLeases } from './expire-leases';
import { HoldNumber } from './hold-number';
import { LeaseNumber } from './lease-number';
import { RecallNumber } from './recall-number';
import { ReleaseDueClaims } from './release-due-claims';
import { ReleaseNumber } from './release-number';
import { RenewLeases } from './renew-leases';
import { ReserveNumber } from './reserve-number';
import { SuspendLease } from './suspend-lease';
import { SuspendTenant } from './suspend-tenant';
import { adminCaller, answerOf, as, parsed, tenantCaller, termOf, type Ledger } from './testing';

/** A number that several race for. */
export interface Race {
  number: string;
  /** Whose claim it is when the race begins; `other` has none. */
  owner: string;
  other: string;
}

/** What one of them does; a refusal is an outcome like any other. */
export type Racer = (race: Race) => Promise<unknown>;

/** Who may race on a ledger, and the scenes in which a race begins. */
export function racersOf(ledger: Ledger) {
  const get = <T>(what: new (...needs: never[]) => T): T => ledger.module.get(what);
  const admin = as(adminCaller());
  const of = (tenantId: string) => as(tenantCaller(tenantId, 'numbering:lease:bypass'));
  const leaseFor = (tenantId: string, number: string, autoRenew = false) =>
    get(LeaseNumber).run(of(tenantId), parsed(number), {
      ...{ tenantId, term: TERM, autoRenew, vanity: false },
    });
  const reserveFor = (tenantId: string, number: string) =>
    get(ReserveNumber).run(of(tenantId), parsed(number));

  return {
    scenes: {
      reserved: async ({ number, owner }: Race): Promise<void> => {
        answerOf(await reserveFor(owner, number));
      },
      leased: async ({ number, owner }: Race): Promise<void> => {
        answerOf(await leaseFor(owner, number));
      },
      leasedWithRenewal: async ({ number, owner }: Race): Promise<void> => {
        answerOf(await leaseFor(owner, number, true));
      },
    },
    reserve: ({ number, other }: Race) => reserveFor(other, number),
    hold: ({ number, owner }: Race) => get(HoldNumber).run(of(owner), parsed(number)),
    release: ({ number, owner }: Race) => get(ReleaseNumber).run(of(owner), parsed(number)),
    lease: ({ number, owner }: Race) => leaseFor(owner, number),
    bypass: ({ number, other }: Race) => leaseFor(other, number),
    recall: ({ number }: Race) =>
      get(RecallNumber).run(admin, parsed(number), { reason: 'NON_PAYMENT', actorId: 'admin-1' }),
    suspend: ({ number }: Race) => get(SuspendLease).run(admin, parsed(number), { reason: 'race' }),
    suspendTenant: ({ owner }: Race) =>
      get(SuspendTenant).run(admin, owner, { ticketId: 'T-1', reason: 'race', cascade: false }),
    expiry: () => get(ReleaseDueClaims).run(),
    endOfLease: () => get(ExpireLeases).run(),
    renewal: () => get(RenewLeases).run(),
  };
}

const TERM: Term = termOf('30d');

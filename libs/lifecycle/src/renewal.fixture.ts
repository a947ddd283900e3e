import { testBilling, type TestBilling } from '@numbering/testing';
import { LeaseNumber } from './lease-number';
import { RegisterIdentifiers } from './register-identifiers';
import { RenewLeases } from './renew-leases';
import {
  adminCaller,
  answerOf,
  as,
  openLedger,
  parsed,
  tenantCaller,
  termOf,
  type Ledger,
} from './testing';

export interface LeaseMade {
  identifier: string;
  leaseId: string;
  tenantId: string;
}

export interface LeaseTerms {
  term?: string;
  autoRenew?: boolean;
  /** When it ends, as the database's owner may say by SQL: an interval from now. */
  endsIn?: string;
}

/** A ledger, billing, and leases that end soon. */
export interface RenewalWorld {
  ledger: Ledger;
  billing: TestBilling;
  rows: <R = Record<string, unknown>>(sql: string, parameters?: unknown[]) => Promise<R[]>;
  lease: (tenantId: string, terms?: LeaseTerms) => Promise<LeaseMade>;
  vanityLease: (tenantId: string, terms?: LeaseTerms) => Promise<LeaseMade>;
  /** One run, as the worker or a job has it. */
  run: (signal?: AbortSignal) => ReturnType<RenewLeases['run']>;
  close: () => Promise<void>;
}

const BYPASS = 'numbering:lease:bypass';
let nextShortCode = 4_000;

export async function openRenewalWorld(
  environment: Record<string, string> = {},
): Promise<RenewalWorld> {
  const billing = await testBilling();
  const ledger = await openLedger({ BILLING_URL: billing.url, ...environment }).catch(
    async (error: unknown) => {
      await billing.stop();
      throw error;
    },
  );
  const rows = <R>(sql: string, parameters: unknown[] = []): Promise<R[]> =>
    ledger.source.query(sql, parameters);

  const leaseNumber = async (
    identifier: string,
    tenantId: string,
    { term, autoRenew = true, endsIn = '3 days' }: LeaseTerms & { term: string },
    vanity: boolean,
  ): Promise<LeaseMade> => {
    const ask = { tenantId, term: termOf(term, vanity), autoRenew, vanity };
    const context = as(tenantCaller(tenantId, BYPASS));
    const { leaseId } = answerOf(
      await ledger.module.get(LeaseNumber).run(context, parsed(identifier), ask),
    );
    await rows(
      `UPDATE numbering.leases SET effective_until = clock_timestamp() + $2::interval
        WHERE lease_id = $1`,
      [leaseId, endsIn],
    );
    return { identifier, leaseId, tenantId };
  };
  return {
    ledger,
    billing,
    rows,
    lease: async (tenantId, terms = {}) => {
      const [identifier = ''] = await ledger.numbers(1);
      return leaseNumber(identifier, tenantId, { term: '30d', ...terms }, false);
    },
    vanityLease: async (tenantId, terms = {}) => {
      const identifier = String(nextShortCode++);
      const identifiers = [{ identifier, operatorId: 'ROSHAN', vanityEligible: true }];
      answerOf(
        await ledger.module.get(RegisterIdentifiers).run(as(adminCaller()), { identifiers }),
      );
      return leaseNumber(identifier, tenantId, { term: '1y', ...terms }, true);
    },
    run: (signal) => ledger.module.get(RenewLeases).run(signal),
    close: async () => {
      await ledger.close();
      await billing.stop();
    },
  };
}

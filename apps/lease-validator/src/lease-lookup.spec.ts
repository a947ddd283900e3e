import type { IdentifierFacts, ParsedIdentifier, TenantStanding } from '@numbering/domain';
import { StoreUnavailable, type DatabaseClock } from '@numbering/platform';
import type { FactChain } from './fact-chain';
import type { Ask } from './gather';
import { LeaseLookup, type Question } from './lease-lookup';
import type { Trust } from './trust';

const TENANT = 'tenant-1';
const question = (matchKey: string): Question => ({
  identifier: { identifierClass: 'MSISDN', written: matchKey, matchKey },
  tenantId: TENANT,
});

/** A chain that reads version after version, each outdated while it is read for so many times. */
function chainOf<A extends Ask, F extends { version: number }>(
  outdatedTimes: Record<string, number>,
) {
  const reads = new Map<string, number>();
  const chain = {
    memory: {
      get: () => undefined,
      floorOf: (key: string) => {
        const [read, times] = [reads.get(key) ?? 0, outdatedTimes[key] ?? 0];
        return read <= times ? read + 1 : 0;
      },
    },
    ask: ({ matchKey }: A) => {
      const version = (reads.get(matchKey) ?? 0) + 1;
      reads.set(matchKey, version);
      const known = { version, facts: { version }, endsAtMs: Infinity };
      return Promise.resolve({ known, path: 'postgres' });
    },
  };
  return { chain: chain as unknown as FactChain<A, F>, reads };
}

function lookupWith(outdatedTimes: Record<string, number>) {
  const identifiers = chainOf<ParsedIdentifier, IdentifierFacts>(outdatedTimes);
  const tenants = chainOf<Ask, TenantStanding>({});
  const clock = { isKnown: true, nowMs: () => 0 } as DatabaseClock;
  const trust = { isYoung: () => false, blindSinceMs: () => undefined } as unknown as Trust;
  const lookup = new LeaseLookup(identifiers.chain, tenants.chain, trust, clock);
  return { lookup, reads: identifiers.reads };
}

describe('a batch in which numbers change while others are waited for', () => {
  it('looks again at what has changed, and at nothing else', async () => {
    const { lookup, reads } = lookupWith({ busy: 4 });
    const found = await lookup.find([question('quiet'), question('busy'), question('calm')]);
    expect(found.map(({ facts }) => facts?.version)).toEqual([1, 5, 1]);
    expect(Object.fromEntries(reads)).toEqual({ quiet: 1, busy: 5, calm: 1 });
  });

  it('says that it cannot say where it never settles', async () => {
    const { lookup, reads } = lookupWith({ busy: Infinity });
    await expect(lookup.find([question('busy')])).rejects.toThrow(StoreUnavailable);
    expect(reads.get('busy')).toBeLessThan(20);
  });
});

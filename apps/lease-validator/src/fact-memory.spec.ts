import { FactMemory } from './fact-memory';
import { Trust } from './trust';

const KEY = '+93790000001';
const NOW_MS = 1_000;
const ENDS_AT_MS = 61_000;
const known = (version: number) => ({ version, facts: { version }, endsAtMs: ENDS_AT_MS });
const unknown = { version: 0, facts: undefined, endsAtMs: ENDS_AT_MS };

describe('memory of facts', () => {
  let trust: Trust;
  let memory: FactMemory<{ version: number }>;

  beforeEach(() => {
    trust = new Trust({ errorBoundMs: 0 }, 0);
    memory = new FactMemory({ entries: 2, floors: 10, unknown: 2 }, trust);
  });

  const versionNow = (nowMs = NOW_MS) => memory.get(KEY, nowMs)?.version;

  it('answers until the moment at which an entry ends', () => {
    memory.keep(KEY, known(1), trust.moment());
    expect(versionNow(ENDS_AT_MS - 1)).toBe(1);
    expect(versionNow(ENDS_AT_MS)).toBeUndefined();
  });

  it('takes an eviction for a floor: equal and newer may answer, older never', () => {
    memory.keep(KEY, known(3), trust.moment());
    memory.evict(KEY, 5);
    expect(versionNow()).toBeUndefined();
    expect(memory.keep(KEY, known(4), trust.moment())).toBe(false);
    expect(versionNow()).toBeUndefined();
    expect(memory.keep(KEY, known(5), trust.moment())).toBe(true);
    expect(versionNow()).toBe(5);
    expect(memory.keep(KEY, known(4), trust.moment())).toBe(false);
    expect(versionNow()).toBe(5);
  });

  it('keeps what is as new as the eviction', () => {
    memory.keep(KEY, known(5), trust.moment());
    memory.evict(KEY, 5);
    memory.evict(KEY, 4);
    expect(versionNow()).toBe(5);
  });

  it('has an entry whose end is past for a floor', () => {
    memory.keep(KEY, known(7), trust.moment());
    expect(versionNow(ENDS_AT_MS)).toBeUndefined();
    expect(memory.keep(KEY, known(6), trust.moment())).toBe(false);
  });

  it('has all entries for floors when something may have been missed', () => {
    memory.keep(KEY, known(7), trust.moment());
    trust.missed();
    expect(versionNow()).toBeUndefined();
    expect(memory.floorOf(KEY)).toBe(7);
    memory.keep(KEY, known(7), trust.moment());
    expect(versionNow()).toBe(7);
  });

  it('answers with, but does not keep, what was read while something was missed', () => {
    const before = trust.moment();
    trust.missed();
    expect(memory.keep(KEY, known(7), before)).toBe(true);
    expect(versionNow()).toBeUndefined();
    expect(memory.floorOf(KEY)).toBe(7);
  });

  it('remembers the floor of what had to go for others', () => {
    memory.keep(KEY, known(9), trust.moment());
    memory.keep('a', known(1), trust.moment());
    memory.keep('b', known(1), trust.moment());
    expect(versionNow()).toBeUndefined();
    expect(memory.keep(KEY, known(8), trust.moment())).toBe(false);
  });

  it('remembers unknown identifiers until the ledger changes', () => {
    expect(memory.keep(KEY, unknown, trust.moment())).toBe(true);
    expect(versionNow()).toBe(0);
    trust.ledgerChanged();
    expect(versionNow()).toBeUndefined();
  });

  it('does not keep as unknown what was read before the ledger changed', () => {
    const before = trust.moment();
    trust.ledgerChanged();
    expect(memory.keep(KEY, unknown, before)).toBe(true);
    expect(versionNow()).toBeUndefined();
  });

  it('takes a first version for the end of being unknown, and for a floor', () => {
    memory.keep(KEY, unknown, trust.moment());
    memory.evict(KEY, 1);
    expect(versionNow()).toBeUndefined();
    expect(memory.keep(KEY, unknown, trust.moment())).toBe(false);
  });

  it('is bounded, unknown identifiers apart from known ones', () => {
    memory.keep(KEY, known(1), trust.moment());
    for (let at = 0; at < 100; at++) memory.keep(`unknown-${at}`, unknown, trust.moment());
    expect(versionNow()).toBe(1);
    expect(memory.get('unknown-0', NOW_MS)).toBeUndefined();
    expect(memory.get('unknown-99', NOW_MS)?.version).toBe(0);
  });
});

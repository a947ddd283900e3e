import { StoreUnavailable } from '@numbering/platform';
import { eventually } from '@numbering/testing';
import { look, questionFor, Rig, type Validator } from './testing/rig';

jest.setTimeout(60_000);

const TENANTS = ['tenant-a', 'tenant-b'] as const;
const FLIPS = 500;
/** The promise: what was committed so long ago is seen. */
const SEEN_WITHIN_MS = 1_000;

/** A version and when it was committed, by this process's clock. */
type Commit = { version: number; atMs: number };

/** On a machine that has more to do than it can Postgres may be late: no answer is none that is wrong. */
const saysNothing = (error: unknown): undefined => {
  if (!(error instanceof StoreUnavailable)) throw error;
};

describe('one number, leased back and forth 500 times', () => {
  let rig: Rig;
  let validators: Validator[];

  beforeAll(async () => {
    rig = await Rig.open();
    validators = await Promise.all([rig.validator(), rig.validator()]);
    rig.startEvictor();
    for (const validator of validators) await rig.trusted(validator);
  });
  afterAll(() => rig.close());

  it('no answer is older than a second, and versions never go back', async () => {
    const identifier = await rig.ledger.register();
    const commits: Commit[] = [{ version: 1, atMs: performance.now() }];
    let isOver = false;
    const paths = new Set<string>();

    /** Asks without a pause, each answer checked against what was committed long enough before. */
    const watch = async ({ knowledge }: Validator): Promise<number> => {
      let newest = 0;
      let asked = 0;
      const question = questionFor(identifier, TENANTS[0]);
      while (!isOver) {
        const askedAtMs = performance.now();
        const looked = await look(knowledge, question).catch(saysNothing);
        if (!looked) continue;
        const { facts, path } = looked;
        const version = facts?.version ?? 0;
        const due = commits.findLast(({ atMs }) => atMs < askedAtMs - SEEN_WITHIN_MS);
        expect(version).toBeGreaterThanOrEqual(due?.version ?? 0);
        expect(version).toBeGreaterThanOrEqual(newest);
        newest = version;
        paths.add(path);
        asked++;
        await new Promise((resolve) => setImmediate(resolve));
      }
      return asked;
    };

    const watching = validators.map(watch);
    for (let flip = 0; flip < FLIPS; flip++) {
      const tenantId = TENANTS[flip % 2] ?? TENANTS[0];
      const { version } = await rig.ledger.change(identifier, { state: 'LEASED', tenantId });
      commits.push({ version, atMs: performance.now() });
      // Every other writer dies before it can say so itself.
      if (flip % 2 === 0) await rig.writerEvicts([{ kind: 'i', key: identifier, version }]);
    }
    isOver = true;
    for (const asked of await Promise.all(watching)) expect(asked).toBeGreaterThan(FLIPS);
    expect(paths).toContain('memory');
    const last = TENANTS[(FLIPS - 1) % 2] ?? TENANTS[0];
    for (const validator of validators) {
      await eventually(async () =>
        expect((await validator.ask(identifier, last)).valid).toBe(true),
      );
    }
  });
});

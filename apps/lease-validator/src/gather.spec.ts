import { StoreUnavailable } from '@numbering/platform';
import { Gather, type Ask, type Load } from './gather';

type Batch = {
  keys: string[];
  settle: Parameters<Load<Ask, string>>[1];
  finish: (error?: unknown) => void;
};

/** A gather whose reads end when the test says so. */
function gathered(): { gather: Gather<Ask, string>; batches: Batch[] } {
  const batches: Batch[] = [];
  const gather = new Gather<Ask, string>(
    (asks, settle) =>
      new Promise<void>((resolve, reject) => {
        const finish = (error?: unknown): void => (error ? reject(error) : resolve());
        batches.push({ keys: asks.map((ask) => ask.matchKey), settle, finish });
      }),
  );
  return { gather, batches };
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const ask = (matchKey: string): Ask => ({ matchKey });

describe('gathering', () => {
  it('asks once for what is asked in one turn', async () => {
    const { gather, batches } = gathered();
    const answers = Promise.all(['a', 'b', 'a'].map((key) => gather.ask(ask(key))));
    await nextTurn();
    expect(batches.map((batch) => batch.keys)).toEqual([['a', 'b']]);
    batches[0]?.settle('a', 'A');
    batches[0]?.settle('b', 'B');
    batches[0]?.finish();
    expect(await answers).toEqual(['A', 'B', 'A']);
  });

  it('answers each key as soon as it is known', async () => {
    const { gather, batches } = gathered();
    const quick = gather.ask(ask('a'));
    const slow = gather.ask(ask('b'));
    await nextTurn();
    batches[0]?.settle('a', 'A');
    expect(await quick).toBe('A');
    batches[0]?.settle('b', 'B');
    batches[0]?.finish();
    expect(await slow).toBe('B');
  });

  it('joins a read that has just begun', async () => {
    const { gather, batches } = gathered();
    const first = gather.ask(ask('a'));
    await nextTurn();
    const second = gather.ask(ask('a'));
    batches[0]?.settle('a', 'A');
    batches[0]?.finish();
    expect(await Promise.all([first, second])).toEqual(['A', 'A']);
    expect(batches).toHaveLength(1);
  });

  it('fails all that a failed read has not answered', async () => {
    const { gather, batches } = gathered();
    const quick = gather.ask(ask('a'));
    const failed = gather.ask(ask('b'));
    await nextTurn();
    batches[0]?.settle('a', 'A');
    batches[0]?.finish(new StoreUnavailable('postgres'));
    await expect(failed).rejects.toThrow(StoreUnavailable);
    expect(await quick).toBe('A');
  });

  it('leaves nobody without an answer', async () => {
    const { gather, batches } = gathered();
    const forgotten = gather.ask(ask('a'));
    await nextTurn();
    batches[0]?.finish();
    await expect(forgotten).rejects.toThrow('without an answer');
  });

  it('asks for at most 1,000 at once, and has at most four reads under way', async () => {
    const { gather, batches } = gathered();
    const answers = Array.from({ length: 4_500 }, (_, at) => gather.ask(ask(`${at}`)));
    for (let turn = 0; turn < 6; turn++) await nextTurn();
    expect(batches.map((batch) => batch.keys.length)).toEqual([1_000, 1_000, 1_000, 1_000]);
    for (const batch of batches) {
      for (const key of batch.keys) batch.settle(key, key);
      batch.finish();
    }
    await nextTurn();
    await nextTurn();
    expect(batches[4]?.keys).toHaveLength(500);
    for (const key of batches[4]?.keys ?? []) batches[4]?.settle(key, key);
    batches[4]?.finish();
    expect(await Promise.all(answers)).toHaveLength(4_500);
  });

  it('turns away who comes when too many wait', async () => {
    const { gather } = gathered();
    const waiting = Array.from({ length: 20_000 }, (_, at) => gather.ask(ask(`${at}`)));
    await expect(gather.ask(ask('one more'))).rejects.toThrow(StoreUnavailable);
    expect(waiting).toHaveLength(20_000);
  });
});

import { StoreUnavailable } from '@numbering/platform';
import {
  CommandGroups,
  MAX_GROUP_NUMBERS,
  MAX_GROUP_SIZE,
  MAX_WAITING,
  type Postponed,
} from './command-groups';
import { LockTimeout } from './once';

/** A group under way, ended by the test. */
interface Begun {
  items: readonly number[];
  end: (results: (string | Postponed)[]) => void;
  fail: (error: Error) => void;
}

function groups(numbersOf: (item: number) => number = () => 1) {
  const begun: Begun[] = [];
  const alone: { item: number; end: (result: string) => void }[] = [];
  const gather = new CommandGroups<number, string>({
    numbersOf,
    together: (items) =>
      new Promise((resolve, reject) => begun.push({ items, end: resolve, fail: reject })),
    alone: (item) => new Promise((resolve) => alone.push({ item, end: resolve })),
  });
  return { begun, alone, run: (item: number) => gather.run(item) };
}

/** What is begun by then has begun: a start, and what it leads to. */
async function turns(): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve));
}
const range = (count: number) => Array.from({ length: count }, (_, i) => i);
const done = (group: Begun | undefined) => group?.end(group.items.map((item) => `done ${item}`));

describe('commands that come at the same time', () => {
  it('are one group, however few; what comes meanwhile is the next, side by side if it is as large', async () => {
    const { begun, run } = groups();
    const calls = [1, 2, 3].map(run);
    await turns();
    calls.push(...[4, 5].map(run));
    await turns();
    expect(begun.map(({ items }) => items)).toEqual([[1, 2, 3]]);
    calls.push(run(6));
    await turns();
    expect(begun[1]?.items).toEqual([4, 5, 6]);
    calls.push(...[7, 8, 9].map(run));
    await turns();
    expect(begun).toHaveLength(2);
    done(begun[1]);
    await turns();
    expect(begun[2]?.items).toEqual([7, 8, 9]);
    for (const group of begun) done(group);
    expect(await Promise.all(calls)).toEqual(range(9).map((i) => `done ${i + 1}`));
  });

  it('are two halves where they are many, so that one is decided while the other is written', async () => {
    const { begun, run } = groups();
    for (const item of range(16)) void run(item);
    await turns();
    expect(begun.map(({ items }) => items.length)).toEqual([8, 8]);
  });

  it('do not wait for those before them where enough have come, and no group is larger than the bound', async () => {
    const { begun, run } = groups();
    for (const item of range(MAX_GROUP_SIZE * 2 + 60)) void run(item);
    await turns();
    expect(begun.length).toBeGreaterThan(2);
    for (const { items } of begun) expect(items.length).toBeLessThanOrEqual(MAX_GROUP_SIZE);
  });

  it('share a transaction only while it is not about too many numbers', async () => {
    const { begun, run } = groups((item) => (item === 0 ? 2 * MAX_GROUP_NUMBERS : 300));
    for (const item of range(10)) void run(item);
    await turns();
    for (let i = 0; i < begun.length; i++) {
      done(begun[i]);
      await turns();
    }
    expect(begun.map(({ items }) => items)).toEqual([[0], [1, 2, 3], [4, 5, 6], [7, 8, 9]]);
  });

  it('let others begin while two groups wait for somebody’s lock', async () => {
    const { begun, run } = groups();
    const slow = [1, 2];
    for (const item of slow) {
      void run(item);
      await turns();
    }
    const third = run(3);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(begun.map(({ items }) => items)).toEqual([[1], [2], [3]]);
    done(begun[2]);
    expect(await third).toBe('done 3');
  });

  it('come first into the next group where they are to come later', async () => {
    const { begun, run } = groups();
    const [first, second] = [run(1), run(2)];
    await turns();
    const third = run(3);
    await turns();
    begun[0]?.end(['done 1', 'LATER']);
    await turns();
    expect(begun[1]?.items).toEqual([2, 3]);
    done(begun[1]);
    expect(await Promise.all([first, second, third])).toEqual(['done 1', 'done 2', 'done 3']);
  });

  it('are carried out alone where they would wait, and nobody waits for it', async () => {
    const { begun, alone, run } = groups();
    const waits = run(1);
    await turns();
    begun[0]?.end(['ALONE']);
    await turns();
    expect(alone.map(({ item }) => item)).toEqual([1]);
    const other = run(2);
    await turns();
    done(begun[1]);
    expect(await other).toBe('done 2');
    alone[0]?.end('done alone');
    expect(await waits).toBe('done alone');
  });

  it.each([new Error('a row that contradicts itself'), new LockTimeout(new Error('held'))])(
    'are each done alone where the group failed for one of them: %s',
    async (error) => {
      const { begun, alone, run } = groups();
      const calls = [run(1), run(2)];
      await turns();
      begun[0]?.fail(error);
      await turns();
      expect(alone.map(({ item }) => item)).toEqual([1, 2]);
      for (const { item, end } of alone) end(`alone ${item}`);
      expect(await Promise.all(calls)).toEqual(['alone 1', 'alone 2']);
    },
  );

  it('are all told that the store is away', async () => {
    const { begun, alone, run } = groups();
    const calls = [run(1), run(2)];
    await turns();
    begun[0]?.fail(new StoreUnavailable('postgres'));
    for (const call of calls) await expect(call).rejects.toThrow(StoreUnavailable);
    expect(alone).toEqual([]);
  });

  it('are turned away where too many wait', async () => {
    const { run } = groups();
    for (const item of range(MAX_WAITING + MAX_GROUP_SIZE * 4))
      void run(item).catch(() => undefined);
    await expect(run(-1)).rejects.toThrow(StoreUnavailable);
  });
});

import { StoreUnavailable } from '@numbering/platform';
import { CommandGroups, MAX_GROUP_SIZE, MAX_WAITING, type Postponed } from './command-groups';
import { LockTimeout } from './once';

/** A group under way, ended by the test. */
interface Begun {
  items: readonly number[];
  end: (results: (string | Postponed)[]) => void;
  fail: (error: Error) => void;
}

function groups() {
  const begun: Begun[] = [];
  const alone: { item: number; end: (result: string) => void }[] = [];
  const gather = new CommandGroups<number, string>({
    together: (items) =>
      new Promise((resolve, reject) => begun.push({ items, end: resolve, fail: reject })),
    alone: (item) => new Promise((resolve) => alone.push({ item, end: resolve })),
  });
  return { begun, alone, run: (item: number) => gather.run(item) };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));
const range = (count: number) => Array.from({ length: count }, (_, i) => i);
const done = (group: Begun | undefined) => group?.end(group.items.map((item) => `done ${item}`));

describe('commands that come at the same time', () => {
  it('begins with the first without delay; what comes meanwhile is the next group', async () => {
    const { begun, run } = groups();
    const calls = [1, 2, 3].map(run);
    expect(begun.map(({ items }) => items)).toEqual([[1]]);
    done(begun[0]);
    await turn();
    expect(begun.map(({ items }) => items)).toEqual([[1], [2, 3]]);
    done(begun[1]);
    expect(await Promise.all(calls)).toEqual(['done 1', 'done 2', 'done 3']);
  });

  it('does not wait for the first where enough have come, and none is larger than the bound', () => {
    const { begun, run } = groups();
    for (const item of range(MAX_GROUP_SIZE + 60)) void run(item);
    expect(begun.length).toBeGreaterThan(1);
    for (const { items } of begun) expect(items.length).toBeLessThanOrEqual(MAX_GROUP_SIZE);
  });

  it('lets another begin while one waits for somebody’s lock', async () => {
    const { begun, run } = groups();
    void run(1);
    const second = run(2);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(begun.map(({ items }) => items)).toEqual([[1], [2]]);
    done(begun[1]);
    expect(await second).toBe('done 2');
  });

  it('takes what is to come later first into the next group', async () => {
    const { begun, run } = groups();
    void run(0);
    const [first, second] = [run(1), run(2)];
    done(begun[0]);
    await turn();
    const third = run(3);
    begun[1]?.end(['done 1', 'LATER']);
    await turn();
    expect(begun[2]?.items).toEqual([2, 3]);
    done(begun[2]);
    expect(await Promise.all([first, second, third])).toEqual(['done 1', 'done 2', 'done 3']);
  });

  it('carries out alone what would wait, and nobody waits for it', async () => {
    const { begun, alone, run } = groups();
    const waits = run(1);
    begun[0]?.end(['ALONE']);
    await turn();
    expect(alone.map(({ item }) => item)).toEqual([1]);
    const other = run(2);
    done(begun[1]);
    expect(await other).toBe('done 2');
    alone[0]?.end('done alone');
    expect(await waits).toBe('done alone');
  });

  it.each([new Error('a row that contradicts itself'), new LockTimeout(new Error('held'))])(
    'does each alone where the group failed for one of them: %s',
    async (error) => {
      const { begun, alone, run } = groups();
      void run(0);
      const calls = [run(1), run(2)];
      done(begun[0]);
      await turn();
      begun[1]?.fail(error);
      await turn();
      expect(alone.map(({ item }) => item)).toEqual([1, 2]);
      for (const { item, end } of alone) end(`alone ${item}`);
      expect(await Promise.all(calls)).toEqual(['alone 1', 'alone 2']);
    },
  );

  it('tells all of a group that the store is away', async () => {
    const { begun, alone, run } = groups();
    void run(0);
    const calls = [run(1), run(2)];
    done(begun[0]);
    await turn();
    begun[1]?.fail(new StoreUnavailable('postgres'));
    for (const call of calls) await expect(call).rejects.toThrow(StoreUnavailable);
    expect(alone).toEqual([]);
  });

  it('turns away whoever comes when too many wait', async () => {
    const { run } = groups();
    for (const item of range(MAX_WAITING + MAX_GROUP_SIZE * 4))
      void run(item).catch(() => undefined);
    await expect(run(-1)).rejects.toThrow(StoreUnavailable);
  });
});

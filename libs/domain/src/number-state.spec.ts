import { NUMBER_ACTIONS } from '@numbering/contracts';
import { aNumber, NOON, restingIn } from './builders.fixture';
import { isLegalMove, MOVES, NUMBER_STATES, step, type NumberState } from './number-state';

describe('the state machine', () => {
  it('has moves for every action and nothing but known states', () => {
    expect(Object.keys(MOVES).sort()).toEqual([...NUMBER_ACTIONS].sort());
    const named = Object.values(MOVES).flat(2);
    expect(named.filter((state) => !NUMBER_STATES.includes(state))).toEqual([]);
  });

  it('reaches every state from AVAILABLE', () => {
    const reached = new Set<NumberState>(['AVAILABLE']);
    const moves = Object.values(MOVES).flat();
    for (let round = 0; round < NUMBER_STATES.length; round++) {
      for (const [from, to] of moves) if (reached.has(from)) reached.add(to);
    }
    expect([...reached].sort()).toEqual([...NUMBER_STATES].sort());
  });

  it('leaves RETIRED by nothing, and passes through RECALLED and EXPIRED', () => {
    const exits = (state: NumberState) =>
      Object.values(MOVES)
        .flat()
        .filter(([from]) => from === state)
        .map(([, to]) => to);
    expect(exits('RETIRED')).toEqual([]);
    expect(new Set(exits('RECALLED'))).toEqual(new Set(['QUARANTINE', 'AVAILABLE']));
    expect(new Set(exits('EXPIRED'))).toEqual(new Set(['QUARANTINE', 'AVAILABLE']));
  });

  it('lets time and version grow by a step, and throws for a move that is not there', () => {
    const event = { type: 'numbering.identifier.retired', data: { reason: 'r' } } as const;
    const before = aNumber();
    const { after } = step(before, { state: 'RETIRED' }, NOON, { action: 'RETIRE', event });
    expect(after).toEqual({ ...before, state: 'RETIRED', version: 8, changedAt: NOON });
    expect(() =>
      step(restingIn('LEASED'), { state: 'RETIRED' }, NOON, { action: 'RETIRE', event }),
    ).toThrow(/RETIRE cannot lead from LEASED/);
    expect(isLegalMove('RESERVE', 'LEASED', 'RESERVED')).toBe(false);
  });
});

/** What one round of one side came to. */
export interface Measured {
  /** In the benchmark's unit. */
  value: number;
  /** CPU microseconds per operation of our processes, where they were looked at. */
  cpuPerOp?: number;
}

/** Ours and its limit, side by side in one run. */
export interface Contest {
  ours: () => Promise<Measured>;
  limit: () => Promise<Measured>;
  /** More that was seen, printed beside the line. */
  seen?: () => Record<string, unknown>;
  close: () => Promise<void>;
}

export interface Benchmark {
  name: string;
  unit: string;
  /** Whether higher is better, or lower. */
  better: 'higher' | 'lower';
  /** What floor and goal are about: ours ÷ limit, or ours alone, in the unit. */
  bounds: 'ratio' | 'ours';
  /** What must be reached, and what is aimed at (targets of the design). */
  floor: number;
  goal: number;
  /** @throws WrongAnswer where an operation had another outcome than it must have */
  open: (size: Size) => Promise<Contest>;
}

/** How much of it: `short` checks answers in seconds and says nothing of speed. */
export interface Size {
  short: boolean;
  roundSeconds: number;
}

/** An answer was wrong: the run is void, however fast it was. */
export class WrongAnswer extends Error {
  override readonly name = 'WrongAnswer';
}

/** What a benchmark needs is not on this machine; the message says what, and where it comes from. */
export class MissingTool extends Error {
  override readonly name = 'MissingTool';
}

export function mustBe<T>(what: string, got: T, wanted: T): void {
  if (got !== wanted) throw new WrongAnswer(`${what}: ${String(got)} instead of ${String(wanted)}`);
}

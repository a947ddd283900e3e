/** What one round of one side came to. */
export interface Measured {
  /** In the benchmark's unit. */
  value: number;
  /** CPU microseconds per operation of the processes that serve, where they were looked at. */
  cpuPerOp?: number;
  /** The figures that `Benchmark.also` sets bounds to, by name. */
  also?: Readonly<Record<string, number>>;
}

/** Ours and its limit, side by side in one run. */
export interface Contest {
  ours: () => Promise<Measured>;
  limit: () => Promise<Measured>;
  /** More that was seen, printed beside the line. */
  seen?: () => Record<string, unknown>;
}

/** What must be reached, and what is aimed at (targets of the design). */
export interface Bounds {
  /** Whether higher is better, or lower. */
  better: 'higher' | 'lower';
  floor: number;
  goal: number;
}

export interface Benchmark extends Bounds {
  name: string;
  /** What it measures, for whoever reads the table. */
  title: string;
  unit: string;
  /** What floor and goal are about: ours ÷ limit, or ours alone, in the unit. */
  bounds: 'ratio' | 'ours';
  /** Further figures of ours that have bounds of their own, by the name that `Measured.also` has. */
  also?: Readonly<Record<string, Bounds>>;
  /**
   * @param resources closes what is opened, also when the opening fails: whatever is opened is put
   *   there at once
   * @throws WrongAnswer where an operation had another outcome than it must have
   */
  open: (size: Size, resources: AsyncDisposableStack) => Promise<Contest>;
}

/** How much of it: `short` checks answers in seconds and says nothing of speed. */
export interface Size {
  short: boolean;
  roundSeconds: number;
  /** Rounds of each side, the warm-up among them: so much there must be to work on. */
  rounds: number;
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

import { judge } from '@numbering/domain';
import { monotonicMs, timing, type Timing } from '@numbering/platform';
import { PATHS, type Path } from './fact-memory';
import { answerOf, type ValidateLeaseResponse } from './lease-answer';
import type { LeaseLookup, Looked, Question } from './lease-lookup';

const SECOND_MS = 1_000;

/** Question → look-up → verdict → answer, and how long that took. */
export class LeaseJudge {
  private readonly durations = durationsByPath();

  constructor(private readonly lookup: LeaseLookup) {}

  /** At once where memory knows. Throws, or rejects with, `StoreUnavailable`. */
  answer(question: Question): ValidateLeaseResponse | Promise<ValidateLeaseResponse> {
    const beganAtMs = monotonicMs();
    const nowMs = this.lookup.trustedNowMs();
    const recalled = nowMs === undefined ? undefined : this.lookup.recall(question, nowMs);
    if (recalled && nowMs !== undefined) return this.answerOne(recalled, nowMs, beganAtMs);
    return this.lookup.find([question]).then(([found]) => {
      if (!found) throw new Error('a question was left without a look-up');
      return this.answerOne(found, this.lookup.nowMs(), beganAtMs);
    });
  }

  /** In the order of the questions; the verdicts are all of one moment. */
  answerAll(
    questions: readonly Question[],
  ): ValidateLeaseResponse[] | Promise<ValidateLeaseResponse[]> {
    const beganAtMs = monotonicMs();
    const nowMs = this.lookup.trustedNowMs();
    const recalled: Looked[] = [];
    if (nowMs !== undefined) {
      for (const question of questions) {
        const looked = this.lookup.recall(question, nowMs);
        if (!looked) break;
        recalled.push(looked);
      }
      if (recalled.length === questions.length) return this.answerEach(recalled, nowMs, beganAtMs);
    }
    return this.lookup
      .find(questions)
      .then((found) => this.answerEach(found, this.lookup.nowMs(), beganAtMs));
  }

  private answerOne(looked: Looked, nowMs: number, beganAtMs: number): ValidateLeaseResponse {
    const verdict = judge(looked.facts, looked.standing, nowMs);
    this.observe(looked.path, verdict.valid, beganAtMs);
    return answerOf(verdict);
  }

  /** A batch is measured once for each path and outcome in it. */
  private answerEach(
    all: readonly Looked[],
    nowMs: number,
    beganAtMs: number,
  ): ValidateLeaseResponse[] {
    const paths = { true: new Set<Path>(), false: new Set<Path>() };
    const answers = all.map(({ facts, standing, path }) => {
      const verdict = judge(facts, standing, nowMs);
      paths[`${verdict.valid}`].add(path);
      return answerOf(verdict);
    });
    for (const path of paths.true) this.observe(path, true, beganAtMs);
    for (const path of paths.false) this.observe(path, false, beganAtMs);
    return answers;
  }

  private observe(path: Path, valid: boolean, beganAtMs: number): void {
    const tookSeconds = (monotonicMs() - beganAtMs) / SECOND_MS;
    this.durations[path][`${valid}`].observe(tookSeconds);
  }
}

type Durations = Record<Path, Record<'true' | 'false', Timing>>;

function durationsByPath(): Durations {
  const of = (path: Path, valid: 'true' | 'false'): Timing =>
    timing('num_validate_lease_duration_seconds', { path, valid });
  const entries = PATHS.map((path) => [path, { true: of(path, 'true'), false: of(path, 'false') }]);
  return Object.fromEntries(entries) as Durations;
}

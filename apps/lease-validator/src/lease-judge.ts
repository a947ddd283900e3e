import { judge } from '@numbering/domain';
import { histogram, monotonicMs } from '@numbering/platform';
import type { Path } from './fact-memory';
import { answerOf, type ValidateLeaseResponse } from './lease-answer';
import type { LeaseLookup, Looked, Question } from './lease-lookup';

const SECOND_MS = 1_000;

/** Question → look-up → verdict → answer, and how long that took. */
export class LeaseJudge {
  private readonly duration = histogram('num_validate_lease_duration_seconds');

  constructor(private readonly lookup: LeaseLookup) {}

  /** At once where memory knows. Throws, or rejects with, `StoreUnavailable`. */
  answer(question: Question): ValidateLeaseResponse | Promise<ValidateLeaseResponse> {
    const beganAtMs = monotonicMs();
    const looked = this.lookup.recall(question);
    if (looked) return this.judge(looked, beganAtMs);
    return this.lookup.find([question]).then(([found]) => this.judge(found, beganAtMs));
  }

  /** In the order of the questions; the verdicts are all of one moment. */
  answerAll(
    questions: readonly Question[],
  ): ValidateLeaseResponse[] | Promise<ValidateLeaseResponse[]> {
    const beganAtMs = monotonicMs();
    const all = (looked: readonly (Looked | undefined)[]): ValidateLeaseResponse[] =>
      looked.map((each) => this.judge(each, beganAtMs));
    const recalled: Looked[] = [];
    for (const question of questions) {
      const looked = this.lookup.recall(question);
      if (!looked) return this.lookup.find(questions).then(all);
      recalled.push(looked);
    }
    return all(recalled);
  }

  private judge(looked: Looked | undefined, beganAtMs: number): ValidateLeaseResponse {
    if (!looked) throw new Error('a question was left without a look-up');
    const verdict = judge(looked.facts, looked.standing, this.lookup.nowMs());
    this.observe(looked.path, verdict.valid, monotonicMs() - beganAtMs);
    return answerOf(verdict);
  }

  private observe(path: Path, valid: boolean, tookMs: number): void {
    this.duration.observe({ path, valid: String(valid) }, tookMs / SECOND_MS);
  }
}

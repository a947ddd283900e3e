import { ValidatorClient, type LeaseQuestion } from '@numbering/testing';
import { startApp } from '../built-app';
import { mustBe, WrongAnswer } from '../benchmark';
import { caseOf, CASES, PLACE } from '../validate/questions';
import { openLeasedGround } from '../validate/sides';

/** Numbers that are recalled at a time. */
const CALLERS = 16;
const REPLICAS = 2;
const ADMIN = 'bench-admin';
/** The promise of US-NUM-002 and US-NUM-004: no answer is older. */
export const PROMISE_MS = 1_000;
const BATCH = 1_000;
/** Far slower than any machine recalls. */
const CALL_LIMIT_MS = 10_000;
/** Of so many numbers in a row. */
const VALID_OF_EACH = CASES - Object.keys(PLACE).length;

/** Leases that are recalled through REST, and two validators that are asked about them. */
export interface Recalls {
  /** Recalls so many leases that were valid. @returns of each how long after its answer the last validator refused, ms */
  flip: (count: number) => Promise<number[]>;
  /** @throws WrongAnswer where a validator knows of one of them as valid */
  mustAllBeRefused: () => Promise<void>;
  redisUrl: string;
}

/**
 * @param resources closes all of it
 * @param count of leases that will be recalled
 */
export async function openRecalls(
  resources: AsyncDisposableStack,
  count: number,
): Promise<Recalls> {
  const ledger = Math.ceil(count / VALID_OF_EACH + 1) * CASES;
  const { stores, issuer, token } = await openLeasedGround(resources, ledger);
  const api = await startApp(resources, 'inventory-api', stores, issuer.env);
  const validators: ValidatorClient[] = [];
  for (let replica = 0; replica < REPLICAS; replica++) {
    const { grpc } = await startApp(resources, 'lease-validator', stores, issuer.env);
    const client = new ValidatorClient(grpc, token);
    resources.defer(() => client.close());
    validators.push(client);
  }
  const admin = await issuer.token(ADMIN, { scope: 'numbering:admin' });
  const valid = validQuestions(ledger);
  const recalled: LeaseQuestion[] = [];
  const flip = async (question: LeaseQuestion): Promise<number> => {
    const { identifier, tenantId } = question;
    for (const each of validators) {
      mustBe(`${identifier} before its recall`, (await each.ask(identifier, tenantId)).valid, true);
    }
    const watches = validators.map((each) => new Watch(each, question));
    const refusals = Promise.all(watches.map((watch) => watch.untilRefused()));
    try {
      await recall(api.url, admin, identifier);
    } catch (error) {
      for (const watch of watches) watch.stop();
      await refusals;
      throw error;
    }
    const answeredAtMs = performance.now();
    for (const watch of watches) watch.recalledAtMs = answeredAtMs;
    recalled.push(question);
    return Math.max(0, Math.max(...(await refusals)) - answeredAtMs);
  };
  return {
    redisUrl: stores.redisUrl,
    flip: (flips) => flipByMany(flips, valid, flip),
    mustAllBeRefused: () => mustBeRefused(validators, recalled),
  };
}

/** All callers have ended before a failure of one is told: what they ask may be closed then. */
async function flipByMany(
  flips: number,
  valid: Iterator<LeaseQuestion, undefined>,
  flip: (question: LeaseQuestion) => Promise<number>,
): Promise<number[]> {
  const lagsMs: number[] = [];
  let left = flips;
  const callers = Array.from({ length: CALLERS }, async () => {
    while (left-- > 0) {
      const question = valid.next().value;
      if (!question) throw new Error('the ledger has no lease left');
      try {
        lagsMs.push(await flip(question));
      } catch (error) {
        left = 0;
        throw error;
      }
    }
  });
  for (const ended of await Promise.allSettled(callers)) {
    if (ended.status === 'rejected') throw ended.reason;
  }
  return lagsMs;
}

function* validQuestions(ledger: number): Generator<LeaseQuestion, undefined> {
  for (let nth = 1; nth <= ledger; nth++) {
    const { question, answer } = caseOf(nth);
    if (answer.valid) yield question;
  }
  return undefined;
}

/** One validator that is asked about one number on and on. */
class Watch {
  /** When the recall was answered, monotonic; not yet, while it is infinite. */
  recalledAtMs = Infinity;
  private isOver = false;

  constructor(
    private readonly validator: ValidatorClient,
    private readonly question: LeaseQuestion,
  ) {}

  /**
   * @returns when the first answer came that says so, monotonic
   * @throws WrongAnswer for one that was asked for more than a second after the recall and is valid
   */
  async untilRefused(): Promise<number> {
    const { identifier, tenantId } = this.question;
    while (!this.isOver) {
      const askedAtMs = performance.now();
      const { valid, reason } = await this.validator.ask(identifier, tenantId);
      if (!valid) {
        mustBe(`${identifier} after its recall`, reason, 'LEASE_RECALLED');
        return performance.now();
      }
      const lateMs = askedAtMs - this.recalledAtMs;
      if (lateMs > PROMISE_MS) {
        throw new WrongAnswer(`${identifier} is valid ${Math.round(lateMs)} ms after its recall`);
      }
    }
    return Infinity;
  }

  /** What is watched for will not come. */
  stop(): void {
    this.isOver = true;
  }
}

async function recall(url: string, token: string, identifier: string): Promise<void> {
  const answer = await fetch(`${url}/v1/numbers/${encodeURIComponent(identifier)}/recall`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ reason: 'NON_PAYMENT', actorId: ADMIN }),
    signal: AbortSignal.timeout(CALL_LIMIT_MS),
  });
  if (answer.status !== 200)
    throw new WrongAnswer(`a recall: ${answer.status} ${await answer.text()}`);
}

async function mustBeRefused(
  validators: readonly ValidatorClient[],
  recalled: readonly LeaseQuestion[],
): Promise<void> {
  for (let from = 0; from < recalled.length; from += BATCH) {
    const batch = recalled.slice(from, from + BATCH);
    for (const validator of validators) {
      for (const { valid, reason } of await validator.askAll(batch)) {
        mustBe('an answer long after the recall', `${valid} ${reason}`, 'false LEASE_RECALLED');
      }
    }
  }
}

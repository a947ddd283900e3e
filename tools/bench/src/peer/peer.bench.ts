import path from 'node:path';
import { ValidatorClient, type LeaseQuestion } from '@numbering/testing';
import { mustBe, type Benchmark, type Contest, type Measured, type Size } from '../benchmark';
import { median } from '../measure';
import { caseOf, type Case } from '../validate/questions';
import { openValidator, type Validator } from '../validate/sides';
import { ghz, type Load, type Report } from './ghz';
import { goTool } from './go-tools';
import { openPeer } from './openfga';

const NUMBERS = 2_000;
const DEFAULT_CALLERS = 16;
/** Questions of a pass under way at once. */
const PASS_CALLERS = 16;
const PROTO_FOLDER = path.resolve('libs/contracts/proto');
const COUNT = /^num_validate_lease_duration_seconds_count\{path="\w+",valid="(\w+)"\} (\d+)$/gm;

/**
 * A peer's view: `ValidateLease` beside OpenFGA's `Check` of number#holder@tenant, on the same
 * Postgres and the same leases, under the same load from ghz. OpenFGA's answers may be a minute old,
 * ours a second.
 */
const validateBesidePeer = (callers: number): Benchmark => ({
  name: callers === DEFAULT_CALLERS ? 'validate-peer' : `validate-peer-${callers}`,
  title: `ValidateLease with token, ${callers} callers under ghz / OpenFGA's Check with its cache`,
  ...{ unit: 'req/s', better: 'higher', bounds: 'ratio', floor: 1.2, goal: 2 },
  open: (size, resources) => openContest(resources, size, callers),
});

export const peerBenchmarks: readonly Benchmark[] = [DEFAULT_CALLERS, 64].map(validateBesidePeer);

/** One of the two: what it says to a question, what it does under load, and what that costs. */
interface Side {
  mayUse: (question: LeaseQuestion) => Promise<boolean>;
  underLoad: () => Promise<Report>;
  cpuSeconds: () => number;
}

interface Seen {
  p99Ms: number;
  cpuPerOp: number;
}

async function openContest(
  resources: AsyncDisposableStack,
  { roundSeconds: seconds }: Size,
  callers: number,
): Promise<Contest> {
  const program = await goTool('ghz');
  const cases = Array.from({ length: NUMBERS }, (_, nth) => caseOf(1 + nth));
  const held = cases.flatMap(({ question, answer }) => (answer.valid ? [question] : []));
  const validator = await openValidator(resources, NUMBERS);
  const client = new ValidatorClient(validator.address, validator.token);
  resources.defer(() => client.close());
  const peer = await openPeer(resources, validator.databaseUrl, held);
  const load = (of: Load) => ghz(program, of, { callers, seconds });
  const ours: Side = {
    mayUse: async ({ identifier, tenantId }) => (await client.ask(identifier, tenantId)).valid,
    underLoad: () => countedByUs(validator, () => load(ourLoad(validator, held))),
    cpuSeconds: validator.cpuSeconds,
  };
  const theirs: Side = {
    mayUse: peer.isAllowed,
    underLoad: () => load(peer.loadOf(held)),
    cpuSeconds: peer.cpuSeconds,
  };
  const seen: { ours: Seen[]; peer: Seen[] } = { ours: [], peer: [] };
  return {
    ours: () => round(ours, cases, seen.ours),
    limit: () => round(theirs, cases, seen.peer),
    seen: () => ({
      p99Ms: { ours: medianOf(seen.ours, 'p99Ms'), peer: medianOf(seen.peer, 'p99Ms') },
      cpuPerOp: { ours: medianOf(seen.ours, 'cpuPerOp'), peer: medianOf(seen.peer, 'cpuPerOp') },
    }),
  };
}

/** The first is the warm-up. */
const medianOf = (seen: readonly Seen[], figure: keyof Seen): number =>
  Number(median(seen.slice(1).map((one) => one[figure])).toPrecision(3));

/** ghz looks at no message, so every question is asked before and after its load too. */
async function round(side: Side, cases: readonly Case[], seen: Seen[]): Promise<Measured> {
  await everyAnswerIsRight(side, cases);
  const before = side.cpuSeconds();
  const { callsPerSecond, calls, p99Ms } = await side.underLoad();
  const cpuPerOp = ((side.cpuSeconds() - before) * 1e6) / calls;
  await everyAnswerIsRight(side, cases);
  seen.push({ p99Ms, cpuPerOp });
  return { value: callsPerSecond, cpuPerOp };
}

/** Those too that are refused: who says yes to everything is quick. */
async function everyAnswerIsRight(side: Side, cases: readonly Case[]): Promise<void> {
  const left = cases.values();
  const caller = async () => {
    for (const { question, answer } of left) {
      const { identifier, tenantId } = question;
      mustBe(`${identifier} of ${tenantId}`, await side.mayUse(question), answer.valid);
    }
  };
  await Promise.all(Array.from({ length: PASS_CALLERS }, caller));
}

const ourLoad = ({ address, token }: Validator, requests: readonly LeaseQuestion[]): Load => ({
  call: 'numbering.v1.LeaseValidator/ValidateLease',
  ...{ address, requests, metadata: { authorization: `Bearer ${token}` } },
  proto: {
    file: path.join(PROTO_FOLDER, 'numbering/v1/lease_validator.proto'),
    folder: PROTO_FOLDER,
  },
});

/** Our own count of answers by their outcome must be what ghz counted: all valid, none other. */
async function countedByUs({ app }: Validator, load: () => Promise<Report>): Promise<Report> {
  const before = await answersOf(app.url);
  const report = await load();
  const after = await answersOf(app.url);
  mustBe('valid answers that were counted', after.valid - before.valid, report.calls);
  mustBe('refusals that were counted', after.refused - before.refused, 0);
  return report;
}

async function answersOf(url: string): Promise<{ valid: number; refused: number }> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const answers = { valid: 0, refused: 0 };
  for (const [, valid, count] of text.matchAll(COUNT)) {
    answers[valid === 'true' ? 'valid' : 'refused'] += Number(count);
  }
  return answers;
}

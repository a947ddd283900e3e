import { REFUSAL_CODES, refuse } from '@numbering/domain';
import { Problem, problemBody } from './problem';
import { DOOR_CODES, PROBLEM_CODES, PROBLEMS } from './refusal-status';

describe('the table from code to status', () => {
  it('has a row for every code of the domain and of this door, and no other', () => {
    expect([...PROBLEM_CODES].sort()).toEqual([...REFUSAL_CODES, ...DOOR_CODES].sort());
  });

  it('has a status of an error and a title for each', () => {
    for (const code of PROBLEM_CODES) {
      const { status, title } = PROBLEMS[code];
      expect([400, 401, 403, 404, 409, 413, 415, 422, 429, 500, 503]).toContain(status);
      expect(title).not.toBe('');
    }
  });

  it('keeps what the stories promise', () => {
    const statusOf = (...codes: (keyof typeof PROBLEMS)[]) => codes.map((c) => PROBLEMS[c].status);
    expect(statusOf('INVALID_STATE', 'ALREADY_LEASED', 'QUARANTINE_ACTIVE')).toEqual([
      409, 409, 409,
    ]);
    expect(statusOf('NOT_OWNER', 'RESERVATION_QUOTA', 'SELF_BYPASS_FORBIDDEN')).toEqual([
      403, 403, 403,
    ]);
    expect(statusOf('SIGNATURE_INVALID', 'TICKET_REQUIRED', 'IDEMPOTENCY_KEY_REUSED')).toEqual([
      422, 422, 422,
    ]);
  });

  it('lets no member of a refusal stand in for one of the format', () => {
    const refusal = refuse('INVALID_STATE', 'No', { state: 'HELD', status: 200, code: 'FINE' });
    expect(problemBody(Problem.of(refusal), '/v1/numbers/1?x=y')).toEqual({
      type: '/docs/errors#INVALID_STATE',
      title: PROBLEMS.INVALID_STATE.title,
      status: 409,
      detail: 'No',
      instance: '/v1/numbers/1',
      code: 'INVALID_STATE',
      state: 'HELD',
    });
  });
});

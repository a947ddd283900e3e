// Postgres adds intervals by a calendar of its own: what nobody here wrote, and what reports reckon with.
import { addTerm, isRefusal, parseTerm } from '@numbering/domain';
import { random, testDatabase, type TestDatabase } from '@numbering/testing';
import { Client } from 'pg';

const TERMS = 5_000;
const SEED = 20260601;
const DAY_MS = 86_400_000;
const FIRST_MS = Date.parse('1999-12-31T00:00:00Z');

describe('US-NUM-003 calendar arithmetic of terms against Postgres', () => {
  let database: TestDatabase;
  let client: Client;
  beforeAll(async () => {
    database = await testDatabase();
    client = new Client({ connectionString: database.url });
    await client.connect();
  });
  afterAll(async () => {
    await client.end();
    await database.drop();
  });

  it(`agrees on ${TERMS} terms of every form, month ends and leap days among their beginnings`, async () => {
    const pick = random(SEED);
    /** On every other day the end of a month, where clamping happens. */
    const anyBeginning = (): Date => {
      const day = new Date(FIRST_MS + pick(100 * 365) * DAY_MS + pick(DAY_MS));
      if (pick(2) === 0) day.setUTCMonth(day.getUTCMonth() + 1, 0);
      return day;
    };
    const forms = [
      () => `${1 + pick(3_652)}d`,
      () => `${1 + pick(500)}w`,
      () => `${1 + pick(120)}m`,
      () => `${1 + pick(10)}y`,
      () => `P${pick(9)}Y${pick(12)}M${1 + pick(300)}D`,
      () => `P${1 + pick(9)}Y${pick(12)}M`,
      () => `P${1 + pick(500)}W`,
    ];
    const asked = Array.from({ length: TERMS }, () => {
      const written = forms[pick(forms.length)]?.() ?? '';
      const term = parseTerm(written, false);
      if (isRefusal(term)) throw new Error(`${written}: ${term.detail}`);
      const from = anyBeginning();
      return { written, from, until: addTerm(from, term) };
    });
    const { rows } = await client.query(
      `SELECT (beginning AT TIME ZONE 'UTC' + term::interval) AT TIME ZONE 'UTC' AS until
         FROM unnest($1::timestamptz[], $2::text[]) WITH ORDINALITY AS asked (beginning, term, place)
        ORDER BY place`,
      [asked.map(({ from }) => from), asked.map(({ written }) => intervalOf(written))],
    );
    const told = asked.map(({ written, from, until }) => [written, from, until]);
    expect(told).toEqual(asked.map(({ written, from }, i) => [written, from, rows[i].until]));
  });
});

const UNITS: Record<string, string> = { d: 'days', w: 'weeks', m: 'months', y: 'years' };

/** As Postgres reads it: ISO 8601 as it is. */
const intervalOf = (written: string): string =>
  written.startsWith('P') ? written : `${written.slice(0, -1)} ${UNITS[written.slice(-1)]}`;

import { alphaIds, blockCsv, shortCodes } from './demo-plan.mjs';

type Planned = { identifier: string; vanityEligible?: boolean };

describe('demo data', () => {
  it('has blocks of 10,000 numbers of full length under the operator’s prefix', () => {
    for (const prefix of ['79', '744']) {
      const [header, ...rows] = blockCsv(prefix).trim().split('\n');
      expect(header).toBe('msisdn');
      expect(new Set(rows).size).toBe(10_000);
      expect(rows.every((row: string) => new RegExp(`^\\+93${prefix}\\d+$`).test(row))).toBe(true);
      expect(rows.every((row: string) => row.length === 12)).toBe(true);
    }
  });

  it('has 500 short codes, a tenth of them vanity-eligible', () => {
    const codes: Planned[] = shortCodes();
    expect(codes).toHaveLength(500);
    expect(codes.filter(({ vanityEligible }) => vanityEligible)).toHaveLength(50);
  });

  it('has 200 sender names that are allowed and do not match each other', () => {
    const names = alphaIds().map(({ identifier }: Planned) => identifier);
    expect(new Set(names.map((name: string) => name.toLowerCase())).size).toBe(200);
    expect(names.every((name: string) => /^[A-Za-z]{1,11}$/.test(name))).toBe(true);
  });
});

import { quoteOf, type PriceRow } from './pricing';

const row = (identifierClass: PriceRow['identifierClass'], vanity: boolean, setup: number) =>
  ({ plan: 'starter', identifierClass, vanity, setup, monthly: 1, currency: 'AFN' }) as const;
const LIST: readonly PriceRow[] = [
  row('SHORT_CODE', false, 10),
  row('SHORT_CODE', true, 100),
  row('MSISDN', false, 5),
  row('MSISDN', true, 50),
];

describe('what a number in the pool is quoted at', () => {
  const setupOf = (identifierClass: PriceRow['identifierClass'], vanityEligible: boolean) =>
    quoteOf(LIST, 'starter', { identifierClass, vanityEligible })?.setup;

  it('is the vanity tier of an eligible short code', () => {
    expect([setupOf('SHORT_CODE', true), setupOf('SHORT_CODE', false)]).toEqual([100, 10]);
  });

  it('is the ordinary one of any other class, which is never leased as vanity', () => {
    expect([setupOf('MSISDN', true), setupOf('MSISDN', false)]).toEqual([5, 5]);
  });

  it('is none where plan and class have no price', () => {
    expect(
      quoteOf(LIST, 'starter', { identifierClass: 'ALPHA', vanityEligible: false }),
    ).toBeNull();
    expect(
      quoteOf(LIST, 'premium', { identifierClass: 'MSISDN', vanityEligible: false }),
    ).toBeNull();
  });
});

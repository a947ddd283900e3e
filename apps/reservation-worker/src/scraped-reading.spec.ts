import { createLog, metricsRegistry } from '@numbering/platform';
import { ScrapedReading } from './scraped-reading';

const NAME = 'num_reservations_active';
const log = createLog({ app: 'test', logLevel: 'silent' });

const scrape = async (): Promise<string> => {
  const text = await metricsRegistry.getSingleMetricAsString(NAME);
  return text.slice(text.lastIndexOf(' ') + 1);
};

describe('a gauge that is read when it is scraped', () => {
  it('is what the database says, asked once for all who scrape within a second', async () => {
    let asked = 0;
    new ScrapedReading(NAME, async () => 41 + ++asked, log).start();
    expect(await Promise.all([scrape(), scrape(), scrape()])).toEqual(['42', '42', '42']);
    expect(await scrape()).toBe('42');
    expect(asked).toBe(1);
  });

  it('is no number while the database does not say, and one again at the next scrape', async () => {
    let isAway = true;
    const read = async (): Promise<number> => {
      if (isAway) throw new Error('away');
      return 7;
    };
    new ScrapedReading(NAME, read, log).start();
    expect(await scrape()).toBe('Nan');
    isAway = false;
    expect(await scrape()).toBe('7');
  });

  it('is the newest reading’s where there have been several', async () => {
    for (const value of [1, 2]) new ScrapedReading(NAME, async () => value, log).start();
    expect(await scrape()).toBe('2');
  });
});

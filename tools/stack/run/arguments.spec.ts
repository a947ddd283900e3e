import { parseStartArguments, parseStopArguments, UsageError } from './arguments.mjs';

const one = {
  'inventory-api': 1,
  'lease-validator': 1,
  'reservation-worker': 1,
  'pool-monitor': 1,
};

describe('arguments of npm start and npm stop', () => {
  it('start in front, with demo data, one replica each, unless told otherwise', () => {
    expect(parseStartArguments([])).toEqual({ isDetached: false, hasDemo: true, scale: one });
  });

  it('takes each of them', () => {
    const args = ['--detach', '--no-demo', '--scale', 'lease-validator=2,reservation-worker=3'];
    expect(parseStartArguments(args)).toEqual({
      isDetached: true,
      hasDemo: false,
      scale: { ...one, 'lease-validator': 2, 'reservation-worker': 3 },
    });
    expect(parseStopArguments(['--wipe'])).toEqual({ isWiped: true });
    expect(parseStopArguments([])).toEqual({ isWiped: false });
  });

  it.each([
    'validator=2',
    'lease-validator=0',
    'lease-validator=17',
    'lease-validator',
    'constructor=1',
  ])('refuses --scale %s and says what is right', (scale) => {
    expect(() => parseStartArguments(['--scale', scale])).toThrow(/APP one of inventory-api/);
  });

  it('refuses what it does not know', () => {
    expect(() => parseStartArguments(['--demo'])).toThrow(UsageError);
    expect(() => parseStopArguments(['all'])).toThrow(UsageError);
  });
});

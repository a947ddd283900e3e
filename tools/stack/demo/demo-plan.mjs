/** The tenants of the demo, named after their plans. */
export const demoTenants = ['starter', 'business', 'premium', 'enterprise'].map((plan) => ({
  id: `demo-${plan}`,
  plan,
}));

const blockSize = 10_000;
const shortCodeCount = 500;
/** Every so many short codes one is vanity-eligible. */
const vanityEvery = 10;
const firstShortCode = 4_000;
const alphaCount = 200;

const national = 9;

/** The numbers of an operator's block: consecutive, under its first prefix. */
export function blockNumbers(prefix) {
  const digits = national - prefix.length;
  return Array.from(
    { length: blockSize },
    (_, i) => `+93${prefix}${String(i).padStart(digits, '0')}`,
  );
}

/** The same block as the CSV that its operator signs. */
export const blockCsv = (prefix) => `msisdn\n${blockNumbers(prefix).join('\n')}\n`;

/** Short codes in a row; the round ones (4000, 4010, …) are the vanity-eligible tenth. */
export function shortCodes() {
  return Array.from({ length: shortCodeCount }, (_, i) => ({
    identifier: String(firstShortCode + i),
    identifierClass: 'SHORT_CODE',
    vanityEligible: i % vanityEvery === 0,
  }));
}

const alphaStems = [
  ...['Kabul', 'Herat', 'Balkh', 'Ghazni', 'Kunduz', 'Bamyan', 'Paktia', 'Zabul', 'Farah', 'Logar'],
  ...[
    'Pamir',
    'Salang',
    'Ariana',
    'Khyber',
    'Helmand',
    'Panjsh',
    'Takhar',
    'Nuristn',
    'Ghor',
    'Faryab',
  ],
];
const alphaEndings = ['', 'Pay', 'Bank', 'Shop', 'Taxi', 'Post', 'News', 'Info', 'Care', 'Air'];

/** Sender names of at most 11 letters, no two of which match each other. */
export function alphaIds() {
  return alphaStems
    .flatMap((stem) => alphaEndings.map((ending) => `${stem}${ending}`))
    .slice(0, alphaCount)
    .map((identifier) => ({ identifier, identifierClass: 'ALPHA' }));
}

/**
 * What each tenant claims of its own row of numbers, within the smallest plan: some in every state
 * that a claim can be in. The last two steps need an admin.
 */
export const claims = [
  { count: 3, steps: ['reserve'] },
  { count: 2, steps: ['reserve', 'hold'] },
  { count: 3, steps: ['reserve', 'lease'] },
  { count: 1, steps: ['reserve', 'lease', 'suspend'] },
  { count: 1, steps: ['reserve', 'lease', 'recall'] },
  { count: 1, steps: ['reserve', 'release'] },
];

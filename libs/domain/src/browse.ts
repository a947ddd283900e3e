import { IDENTIFIER_CLASSES, type IdentifierClass } from '@numbering/contracts';
import { alphaMatchKey } from './identifier';

/** What of the pool a tenant looks for (US-NUM-014); what is left out filters nothing. */
export interface BrowseAsk {
  identifierClass?: IdentifierClass;
  /** A beginning of the number as it is written. */
  prefix?: string;
  pattern?: Pattern;
}

/** Where a pattern's text stands in the normal form (ruling 40). */
export interface Pattern {
  text: string;
  /** `*` behind it, before it, at both ends, at none. */
  is: 'BEGINNING' | 'ENDING' | 'PART' | 'WHOLE';
}

/**
 * The numbers of one class that are looked for: all that it says must be true of the normal form (E.164, digits, or an
 * alpha ID's matching key).
 */
export interface WantedForm {
  identifierClass: IdentifierClass;
  begins: string;
  /** Nothing follows `begins`. */
  isWhole: boolean;
  ends: string;
  contains: string;
}

const WILDCARD = '*';

/** `BANK*`, `*77`, `*BANK*`, `BANK`; undefined where `*` stands elsewhere than at an end (ruling 40). */
export function parsePattern(written: string): Pattern | undefined {
  const isOpenBefore = written.startsWith(WILDCARD);
  const rest = isOpenBefore ? written.slice(1) : written;
  const isOpenBehind = rest.endsWith(WILDCARD);
  const text = isOpenBehind ? rest.slice(0, -1) : rest;
  if (text.includes(WILDCARD)) return undefined;
  if (isOpenBefore) return { text, is: isOpenBehind ? 'PART' : 'ENDING' };
  return { text, is: isOpenBehind ? 'BEGINNING' : 'WHOLE' };
}

/** What is looked for, class by class in the order of the answer; a class that nothing of it can be in is left out. */
export function wantedForms({ identifierClass, prefix = '', pattern }: BrowseAsk): WantedForm[] {
  const classes = IDENTIFIER_CLASSES.filter((each) => (identifierClass ?? each) === each);
  return classes.toSorted().flatMap((each) => wantedForm(each, prefix, pattern) ?? []);
}

function wantedForm(
  identifierClass: IdentifierClass,
  prefix: string,
  pattern: Pattern | undefined,
): WantedForm | undefined {
  const normal = NORMAL_FORMS[identifierClass];
  const isFromStart = pattern?.is === 'BEGINNING' || pattern?.is === 'WHOLE';
  const isWhole = pattern?.is === 'WHOLE';
  const wanted = normal.beginning(prefix);
  const given = isFromStart ? normal.beginning(pattern.text) : '';
  const begins = given.length > wanted.length ? given : wanted;
  // Two beginnings of one form: the shorter begins the longer.
  if (!begins.startsWith(wanted) || !begins.startsWith(given)) return undefined;
  if (isWhole && begins !== given) return undefined;
  const within = pattern && !isFromStart ? normal.part(pattern.text) : '';
  if (![begins, within].every((text) => normal.characters.test(text))) return undefined;
  return {
    identifierClass,
    begins,
    isWhole,
    ends: pattern?.is === 'ENDING' ? within : '',
    contains: pattern?.is === 'PART' ? within : '',
  };
}

interface NormalForm {
  /** How a beginning that somebody wrote stands in the normal form. */
  beginning: (written: string) => string;
  part: (written: string) => string;
  /** What may stand in it at all. */
  characters: RegExp;
}

const asWritten = (written: string): string => written;

const NORMAL_FORMS: Readonly<Record<IdentifierClass, NormalForm>> = {
  MSISDN: { beginning: msisdnBeginning, part: asWritten, characters: /^\+?[0-9]*$/ },
  SHORT_CODE: { beginning: asWritten, part: asWritten, characters: /^[0-9]*$/ },
  ALPHA: { beginning: alphaMatchKey, part: alphaMatchKey, characters: /^[^+*%]*$/ },
};

const COUNTRY = '93';
const FORM_DECODED_PLUS = /^(?: |%2[Bb])/;

/** `+9379`, `9379`, a plus that a form or an address has been through (ruling 1), or an operator's prefix (`79`). */
function msisdnBeginning(written: string): string {
  const text = written.replace(FORM_DECODED_PLUS, '+');
  if (text === '' || text.startsWith('+')) return text;
  const hasCountry = text.startsWith(COUNTRY) || COUNTRY.startsWith(text);
  return hasCountry ? `+${text}` : `+${COUNTRY}${text}`;
}

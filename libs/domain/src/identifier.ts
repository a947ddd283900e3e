import type { IdentifierClass } from '@numbering/contracts';
import { refuse, type Refusal } from './refusal';

/** An identifier as a caller wrote it, brought to the form in which the ledger looks it up. */
export interface ParsedIdentifier {
  identifierClass: IdentifierClass;
  /** MSISDN: E.164 with `+`; short code: its digits; alpha: as written (the ledger's display form may differ). */
  written: string;
  /** What two writings of one identifier share: alpha in lower case without white space, else as written. */
  matchKey: string;
}

export const E164_AFGHANISTAN = /^\+93[0-9]{9}$/;
const BARE_MSISDN = /^93[0-9]{9}$/;
const SHORT_CODE = /^[0-9]{3,8}$/;
/** The letters of the GSM-7 default alphabet (3GPP TS 23.038), those that a sender ID can show on every handset. */
const GSM7_LETTERS = 'A-Za-zÄÅÆÇÉÑÖØÜßàäåæèéìñòöøùüΓΔΘΛΞΠΣΦΨΩ';
const ALPHA_EDGE = `[${GSM7_LETTERS}0-9&._-]`;
const ALPHA = new RegExp(`^${ALPHA_EDGE}(?:[${GSM7_LETTERS}0-9 &._-]{0,9}${ALPHA_EDGE})?$`);
const HAS_LETTER = new RegExp(`[${GSM7_LETTERS}]`);

/** A plus that a form or an address has been through: a space, or still escaped. */
const ESCAPED_PLUS = /^(?: |%2[Bb])(?=93[0-9])/;

/** How much of a bad value is shown back. */
const MAX_SHOWN_CHARS = 40;

/**
 * Reads an identifier in any written form: `+93…`, `%2B93…`, bare `93…`, a leading space (a form-decoded `+`), a short code, an
 * alpha sender ID. The class follows from the shape (ruling 1).
 * @returns the parsed identifier, or `INVALID_IDENTIFIER`
 */
export function parseIdentifier(text: string): ParsedIdentifier | Refusal {
  const unspaced = text.replace(ESCAPED_PLUS, '+');
  if (E164_AFGHANISTAN.test(unspaced)) return numeric('MSISDN', unspaced);
  if (BARE_MSISDN.test(unspaced)) return numeric('MSISDN', `+${unspaced}`);
  if (SHORT_CODE.test(unspaced)) return numeric('SHORT_CODE', unspaced);
  if (ALPHA.test(text) && HAS_LETTER.test(text)) {
    return { identifierClass: 'ALPHA', written: text, matchKey: alphaMatchKey(text) };
  }
  return refuse('INVALID_IDENTIFIER', `${shown(text)} is no MSISDN, short code or alpha sender ID`);
}

/** The key by which alpha IDs are one: lower case, white space removed (ruling 1). */
export const alphaMatchKey = (text: string): string => text.replaceAll(' ', '').toLowerCase();

const numeric = (identifierClass: IdentifierClass, written: string): ParsedIdentifier => ({
  identifierClass,
  written,
  matchKey: written,
});

const shown = (text: string): string =>
  JSON.stringify(text.length > MAX_SHOWN_CHARS ? `${text.slice(0, MAX_SHOWN_CHARS)}…` : text);

/**
 * Whether an MSISDN carries one of these national prefixes (`79`, `744`), as ruling 2 wants of its operator's.
 * @param msisdn E.164 with `+`
 */
export const carriesPrefix = (msisdn: string, nationalPrefixes: readonly string[]): boolean =>
  nationalPrefixes.some((prefix) => msisdn.startsWith(prefix, '+93'.length));

/** The nth number of a prefix of two digits. */
export const numberOf = (prefix: string, nth: number): string =>
  `${prefix}${String(nth).padStart(7, '0')}`;

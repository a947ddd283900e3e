import { createHmac, timingSafeEqual } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { CONFIG } from '@numbering/lifecycle';
import type { Config } from '@numbering/platform';
import { Problem } from './problem';

/** Where a page ended: the sort key of its last item. */
export type Position = readonly (string | number)[];

/** Which list, with which filters and for whom: a cursor of one is none of another. */
export type ListName = readonly (string | number | boolean | undefined)[];

const MAX_CURSOR_CHARS = 2_048;

/**
 * Opaque cursors that only this service can have made (ruling 40): the position, and a code over it
 * and over the list that it belongs to. No secret stands in one, so it is authenticated and not
 * encrypted.
 */
@Injectable()
export class Cursors {
  private readonly secret: string;

  constructor(@Inject(CONFIG) config: Config) {
    this.secret = config.cursorSecret;
  }

  seal(list: ListName, position: Position): string {
    const payload = Buffer.from(JSON.stringify(position)).toString('base64url');
    return `${payload}.${this.codeOf(list, payload).toString('base64url')}`;
  }

  /** @throws Problem INVALID_CURSOR for what this list has not given out */
  open(list: ListName, cursor: string): Position {
    const [payload = '', code = '', rest] = cursor.slice(0, MAX_CURSOR_CHARS).split('.');
    const given = Buffer.from(code, 'base64url');
    const made = this.codeOf(list, payload);
    // Compared as text too: base64url has several writings of the same bytes.
    const isOurs =
      rest === undefined &&
      given.length === made.length &&
      timingSafeEqual(given, made) &&
      code === made.toString('base64url');
    if (!isOurs) throw new Problem('INVALID_CURSOR', 'page is not one that this list has given');
    return JSON.parse(Buffer.from(payload, 'base64url').toString()) as Position;
  }

  private codeOf(list: ListName, payload: string): Buffer {
    const listed = JSON.stringify(list.map((part) => part ?? null));
    return createHmac('sha256', this.secret).update(`${listed}\n${payload}`).digest();
  }
}

import { applyDecorators, Injectable } from '@nestjs/common';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsOptional, IsString } from 'class-validator';
import { Cursors, type ListName, type Position } from './cursor';
import { Id, QueryCount } from './fields';

/** Ruling 40. */
export const DEFAULT_PAGE_SIZE = 50;
export const MAX_PAGE_SIZE = 200;

/** Blank is the first page; of any other text the list says whether it has given it out. */
const PageCursor = (description: string) =>
  applyDecorators(
    Transform(({ value }) => (value === '' ? undefined : (value as unknown))),
    IsOptional(),
    IsString(),
    ApiPropertyOptional({ type: String, description }),
  );

/** What every list takes in its query. */
export class PageQuery {
  @QueryCount({
    ...{ min: 1, max: MAX_PAGE_SIZE, preset: DEFAULT_PAGE_SIZE },
    ...{ optional: true, description: 'Items in a page' },
  })
  limit: number = DEFAULT_PAGE_SIZE;

  @PageCursor('nextPage of the page before')
  page?: string;

  @PageCursor('Another name of page')
  cursor?: string;
}

/** What is a tenant's own: another's with `numbering:tenants:any`. */
export class OwnTenantQuery {
  @Id({ optional: true, description: 'Of this tenant; needs numbering:tenants:any' })
  tenantId?: string;
}

export class OwnPageQuery extends PageQuery {
  @Id({ optional: true, description: 'Of this tenant; needs numbering:tenants:any' })
  tenantId?: string;
}

export interface Page<T> {
  items: T[];
  nextPage: string | null;
}

/** One page of a list by keyset: one item more than asked for tells whether there is another. */
@Injectable()
export class Pages {
  constructor(private readonly cursors: Cursors) {}

  /**
   * @param read up to `limit` items behind `after`, in the list's order
   * @param positionOf the sort key of an item
   */
  async of<T>(
    list: ListName,
    { limit, page, cursor }: PageQuery,
    read: (limit: number, after: Position | undefined) => Promise<T[]>,
    positionOf: (item: T) => Position,
  ): Promise<Page<T>> {
    const found = await read(limit + 1, this.positionIn(list, page ?? cursor));
    const items = found.slice(0, limit);
    const last = items.at(-1);
    const isMore = found.length > limit && last !== undefined;
    return { items, nextPage: isMore ? this.cursors.seal(list, positionOf(last)) : null };
  }

  /**
   * The same of a list that says itself where a page ended, which may be before it was full.
   * @param read up to `limit` items behind `after`; `endedAt` is null at the list's end
   */
  async endingWhere<T>(
    list: ListName,
    { limit, page, cursor }: PageQuery,
    read: (
      limit: number,
      after: Position | undefined,
    ) => Promise<{ items: T[]; endedAt: Position | null }>,
  ): Promise<Page<T>> {
    const { items, endedAt } = await read(limit, this.positionIn(list, page ?? cursor));
    return { items, nextPage: endedAt && this.cursors.seal(list, endedAt) };
  }

  private positionIn(list: ListName, cursor: string | undefined): Position | undefined {
    return cursor === undefined ? undefined : this.cursors.open(list, cursor);
  }
}

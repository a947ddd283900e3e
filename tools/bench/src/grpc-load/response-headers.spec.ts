import { changesTable, ResponseHeaders } from './response-headers';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

/** :status 200 from the static table; content-type, and grpc-status as a literal that is not kept. */
const STATUS_OK = '88';
const CONTENT_TYPE_TO_TABLE = `5f 10 ${Buffer.from('application/grpc').toString('hex')}`;
const GRPC_STATUS_KEPT_NOWHERE = `00 0b ${Buffer.from('grpc-status').toString('hex')} 01 30`;
const NEWEST_ENTRY = 'be';

describe('header blocks of answers', () => {
  it('mean what the table says at their time, however often they are repeated', () => {
    const headers = new ResponseHeaders();
    headers.read(hex(STATUS_OK + CONTENT_TYPE_TO_TABLE));
    const repeated = hex(STATUS_OK + NEWEST_ENTRY);
    expect(headers.read(repeated)).toMatchObject({ contentType: 'application/grpc' });
    expect(headers.read(repeated)).toMatchObject({ contentType: 'application/grpc' });
    // Another entry: the same bytes mean something else now.
    headers.read(hex(`40 0b ${Buffer.from('grpc-status').toString('hex')} 02 3134`));
    expect(headers.read(repeated)).toEqual({
      ...{ httpStatus: '200', contentType: undefined },
      ...{ grpcStatus: '14', grpcMessage: undefined },
    });
  });

  it.each([
    ['indexed fields', STATUS_OK + NEWEST_ENTRY, false],
    ['an index of two bytes', 'ff 05', false],
    ['a literal that is kept nowhere', GRPC_STATUS_KEPT_NOWHERE, false],
    ['a literal never to be kept, its name indexed', '1f 10 03 616263', false],
    ['a literal for the table', CONTENT_TYPE_TO_TABLE, true],
    [
      'a literal for the table behind another',
      GRPC_STATUS_KEPT_NOWHERE + CONTENT_TYPE_TO_TABLE,
      true,
    ],
    ['another size of the table', `20 ${STATUS_OK}`, true],
  ])('of %s', (_, block, changes) => {
    expect(changesTable(hex(block))).toBe(changes);
  });
});

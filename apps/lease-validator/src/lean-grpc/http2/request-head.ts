import type { HeaderField } from './header-field';

/** What a call says before its first message. */
export interface RequestHead {
  method: string;
  scheme: string;
  path: string;
  authority: string | undefined;
  contentType: string | undefined;
  contentLength: number | undefined;
  timeout: string | undefined;
  encoding: string | undefined;
  /** In the order in which they came; those above are among them. */
  fields: readonly HeaderField[];
}

/** Undefined where the fields make no request (RFC 9113, 8.3.1). */
export function requestHead(fields: readonly HeaderField[]): RequestHead | undefined {
  const head: RequestHead = {
    method: '',
    scheme: '',
    path: '',
    authority: undefined,
    contentType: undefined,
    contentLength: undefined,
    timeout: undefined,
    encoding: undefined,
    fields,
  };
  let arePseudo = true;
  for (const field of fields) {
    if (!field.isAllowed || (field.isPseudo && !arePseudo)) return undefined;
    arePseudo = field.isPseudo;
    if (!note(head, field)) return undefined;
  }
  return head.method !== '' && head.scheme !== '' && head.path !== '' ? head : undefined;
}

/** @returns whether the field may stand there: of the pseudo fields there is one each */
function note(head: RequestHead, { name, value }: HeaderField): boolean {
  switch (name) {
    case ':method':
      return head.method === '' && (head.method = value) !== '';
    case ':scheme':
      return head.scheme === '' && (head.scheme = value) !== '';
    case ':path':
      return head.path === '' && (head.path = value) !== '';
    case ':authority':
      if (head.authority !== undefined) return false;
      head.authority = value;
      return true;
    case 'content-type':
      head.contentType = value;
      return true;
    case 'grpc-timeout':
      head.timeout = value;
      return true;
    case 'grpc-encoding':
      head.encoding = value;
      return true;
    case 'content-length':
      head.contentLength = Number(value);
      return /^\d+$/.test(value);
    default:
      return true;
  }
}

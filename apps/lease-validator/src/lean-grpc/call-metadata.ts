import { Metadata, type MetadataValue } from '@grpc/grpc-js';
import type { HeaderField } from './http2/header-field';

/** What a door asks metadata for. @grpc/grpc-js's `Metadata` does, too. */
export interface CallMetadata {
  get(key: string): MetadataValue[];
}

/** They are the transport's, not the caller's metadata. */
const OF_TRANSPORT = new Set([
  'te',
  'content-type',
  'accept-encoding',
  'grpc-timeout',
  'grpc-encoding',
  'grpc-accept-encoding',
]);
const BINARY_SUFFIX = '-bin';

/** The metadata of a call as its header fields are: nothing is made of what nobody asks for. */
export class FieldMetadata implements CallMetadata {
  constructor(private readonly fields: readonly HeaderField[]) {}

  get(key: string): MetadataValue[] {
    const values: MetadataValue[] = [];
    for (const { name, value } of this.fields) {
      if (name !== key) continue;
      if (!name.endsWith(BINARY_SUFFIX)) values.push(value);
      else for (const each of value.split(',')) values.push(Buffer.from(each, 'base64'));
    }
    return values;
  }

  /** All of it, for handlers that were written for @grpc/grpc-js. */
  toMetadata(): Metadata {
    const metadata = new Metadata();
    for (const { name, isPseudo } of this.fields) {
      if (isPseudo || OF_TRANSPORT.has(name) || metadata.get(name).length > 0) continue;
      for (const value of this.get(name)) metadata.add(name, value);
    }
    return metadata;
  }
}

import { existsSync } from 'node:fs';
import path from 'node:path';

export const PACKAGE = 'numbering.v1';
export const SERVICE = 'LeaseValidator';
export const PROTO = 'numbering/v1/lease_validator.proto';

/** Beside the bundle, or in the lib when the app runs from its source. */
export function protoFolder(): string {
  const bundled = path.join(__dirname, 'proto');
  return existsSync(bundled) ? bundled : path.join(__dirname, '../../../libs/contracts/proto');
}

/** How protobuf's types become JavaScript's. */
export const LOADER = { defaults: true, longs: Number };

import { loadSync, type PackageDefinition } from '@grpc/proto-loader';
import { PROTO, protoFolder } from './proto';

/** Of FileDescriptorProto: `repeated string dependency = 3`. */
const DEPENDENCY_TAG = 0x1a;

/** The files that @grpc/proto-loader makes of our package and of what it imports, by their names. */
const IMPORTS: readonly (readonly [file: string, imported: string])[] = [
  ['numbering_v1.proto', 'google_protobuf.proto'],
];

/**
 * The definition as reflection shows it: with the fields' names of the proto, and with what
 * proto-loader leaves out, which file imports which; without that clients in Go (grpcurl) do not
 * find google.protobuf.Timestamp. A field of a message may be appended to its bytes.
 */
export function reflectedDefinition(): PackageDefinition {
  const definition = loadSync(PROTO, { includeDirs: [protoFolder()], keepCase: true });
  for (const entry of Object.values(definition)) {
    if (!('fileDescriptorProtos' in entry) || !Array.isArray(entry.fileDescriptorProtos)) continue;
    entry.fileDescriptorProtos = entry.fileDescriptorProtos.map(withImports);
  }
  return definition;
}

function withImports(file: Buffer): Buffer {
  const missing = IMPORTS.filter(([name]) => isNamed(file, name));
  return Buffer.concat([file, ...missing.map(([, imported]) => dependency(imported))]);
}

/** `name` is the first field of a file as it is written. */
const isNamed = (file: Buffer, name: string): boolean =>
  file.toString('latin1', 2, 2 + name.length) === name;

const dependency = (name: string): Buffer =>
  Buffer.concat([Buffer.of(DEPENDENCY_TAG, name.length), Buffer.from(name)]);

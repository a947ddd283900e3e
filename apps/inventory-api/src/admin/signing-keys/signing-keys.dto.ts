import { ApiProperty } from '@nestjs/swagger';
import { Id, Moment, OneOf, Text } from '../../http/fields';

const ALGORITHMS = ['Ed25519', 'RSA-PSS-SHA256'] as const;
type Algorithm = (typeof ALGORITHMS)[number];
/** An RSA key of 16,384 bits needs a third of this. */
const MAX_PEM_CHARS = 10_000;

const EXAMPLE_PEM =
  '-----BEGIN PUBLIC KEY-----\n' +
  'MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n' +
  '-----END PUBLIC KEY-----\n';

export class SigningKeyBody {
  @Id({ example: 'ROSHAN' }) operatorId: string;
  @Id() keyId: string;
  @OneOf(ALGORITHMS) algorithm: Algorithm;
  @Text({ maxChars: MAX_PEM_CHARS, description: 'SPKI', example: EXAMPLE_PEM })
  publicKeyPem: string;
  @Moment({ optional: true, description: 'Else from now on' }) validFrom?: Date;
  @Moment({ optional: true, description: 'Exclusive; else for ever' }) validUntil?: Date;
}

export class SigningKeyShown {
  @ApiProperty() operatorId: string;
  @ApiProperty() keyId: string;
  @ApiProperty({ enum: ALGORITHMS }) algorithm: string;
  @ApiProperty() validFrom: Date;
  @ApiProperty({ type: Date, nullable: true, example: null }) validUntil: Date | null;
  @ApiProperty({ type: Date, nullable: true, example: null }) revokedAt: Date | null;
}

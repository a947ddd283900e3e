import { ApiProperty } from '@nestjs/swagger';
import { Id, Moment, OneOf, Text } from '../../http/fields';

const ALGORITHMS = ['Ed25519', 'RSA-PSS-SHA256'] as const;
type Algorithm = (typeof ALGORITHMS)[number];
/** An RSA key of 16,384 bits needs a third of this. */
const MAX_PEM_CHARS = 10_000;

export class SigningKeyBody {
  @Id({ example: 'ROSHAN' }) operatorId: string;
  @Id() keyId: string;
  @OneOf(ALGORITHMS) algorithm: Algorithm;
  @Text({ maxChars: MAX_PEM_CHARS, description: 'SPKI' }) publicKeyPem: string;
  @Moment({ optional: true, description: 'Else from now on' }) validFrom?: Date;
  @Moment({ optional: true, description: 'Exclusive; else for ever' }) validUntil?: Date;
}

export class SigningKeyShown {
  @ApiProperty() operatorId: string;
  @ApiProperty() keyId: string;
  @ApiProperty({ enum: ALGORITHMS }) algorithm: string;
  @ApiProperty() validFrom: Date;
  @ApiProperty({ type: Date, nullable: true }) validUntil: Date | null;
  @ApiProperty({ type: Date, nullable: true }) revokedAt: Date | null;
}

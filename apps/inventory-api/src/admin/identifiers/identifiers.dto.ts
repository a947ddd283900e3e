import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IDENTIFIER_CLASSES, type IdentifierClass } from '@numbering/contracts';
import { MAX_REGISTRATIONS } from '@numbering/domain';
import { Flag, Id, Items, OneOf, Text } from '../../http/fields';

export class RegistrationItemBody {
  @Id({ minChars: 0, example: '4040' })
  identifier: string;

  @OneOf(IDENTIFIER_CLASSES, { optional: true, description: 'Else by its shape' })
  identifierClass?: IdentifierClass;

  @Id({ optional: true, description: 'One for all; short codes and alpha IDs: else NATIONAL' })
  operatorId?: string;

  @Flag({ optional: true })
  vanityEligible?: boolean;

  @Text({ optional: true, minChars: 0, maxChars: 64, description: 'RFC 3339' })
  validFrom?: string;
}

export class RegistrationBody {
  @Text({ optional: true, maxChars: 16, example: '+9379' })
  blockPrefix?: string;

  @Items(RegistrationItemBody, { max: MAX_REGISTRATIONS })
  identifiers: RegistrationItemBody[];
}

class RegisteredItemShown {
  @ApiProperty({ example: '4040' }) identifier: string;
  @ApiProperty({ enum: ['inserted', 'duplicate', 'invalid'] }) status: string;
  @ApiPropertyOptional({ description: 'Of an invalid one' }) code?: string;
}

export class RegistrationShown {
  @ApiProperty({ format: 'uuid' }) blockId: string;
  @ApiProperty({ type: [RegisteredItemShown] }) items: RegisteredItemShown[];
}

import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { Matches } from 'class-validator';
import { Text, Texts } from '../../http/fields';

const MAX_PREFIXES = 100;
const MAX_NAME_CHARS = 200;
/** National, after +93. */
const PREFIX = /^[0-9]{2,9}$/;

const Prefixes = () =>
  applyDecorators(
    Texts({ max: MAX_PREFIXES }, { example: ['72', '79'], description: 'National, after +93' }),
    Matches(PREFIX, { each: true, message: 'a prefix is 2 to 9 digits' }),
  );

export class OperatorBody {
  @Text({ maxChars: MAX_NAME_CHARS, example: 'Roshan' }) name: string;
  @Prefixes() prefixes: string[];
}

export class OperatorShown {
  @ApiProperty() operatorId: string;
  @ApiProperty() name: string;
  @ApiProperty({ type: [String], example: ['72', '79'] }) prefixes: string[];
}

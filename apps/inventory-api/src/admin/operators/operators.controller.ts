import { Body, Controller, Get, Inject, Param, Put, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { refuse } from '@numbering/domain';
import { ChangeOperator, type CommandContext } from '@numbering/lifecycle';
import { OperatorStore } from '@numbering/persistence';
import { DataSource } from 'typeorm';
import { Command, PathId } from '../../http/asked';
import { ADMINS, Needs } from '../../http/auth.guard';
import { About, Answers, Changes, pageOf } from '../../http/openapi';
import { PageQuery, Pages } from '../../http/page';
import { Problem, validationFailed } from '../../http/problem';
import { OperatorBody, OperatorShown } from './operators.dto';

/** As the ledger's CHECK has it. */
const OPERATOR_ID = /^[A-Z][A-Z0-9_]{1,39}$/;

/** Mobile network operators and their prefixes (ruling 2). */
@ApiTags('admin: blocks')
@Controller('v1/admin/numbering/operators')
export class OperatorsController {
  constructor(
    @Inject(DataSource) private readonly source: DataSource,
    private readonly operators: OperatorStore,
    private readonly pages: Pages,
    private readonly changeOperator: ChangeOperator,
  ) {}

  @About('Operators', 'With their national prefixes (ruling 2).')
  @Get()
  @Needs(ADMINS)
  @Answers(pageOf(OperatorShown), 'INVALID_CURSOR')
  list(@Query() query: PageQuery) {
    return this.pages.of(
      ['operators'],
      query,
      async (limit, [afterId = ''] = []) => {
        const all = await this.operators.list(this.source.manager);
        return all.filter(({ operatorId }) => operatorId > String(afterId)).slice(0, limit);
      },
      ({ operatorId }) => [operatorId],
    );
  }

  @About('One operator', 'With its national prefixes (ruling 2).')
  @Get(':operatorId')
  @Needs(ADMINS)
  @Answers(OperatorShown, 'NOT_FOUND')
  async one(@Param('operatorId', PathId) operatorId: string) {
    const operator = await this.operators.one(this.source.manager, operatorId);
    if (!operator) throw Problem.of(refuse('NOT_FOUND', `There is no operator ${operatorId}`));
    return operator;
  }

  /** Makes it or changes it; numbers that are in the ledger already stay as they are. */
  @About('Make or change an operator', 'Numbers that are in the ledger already stay as they are.')
  @Put(':operatorId')
  @Needs(ADMINS)
  @Changes(200, OperatorShown)
  put(
    @Command() context: CommandContext,
    @Param('operatorId', PathId) operatorId: string,
    @Body() { name, prefixes }: OperatorBody,
  ) {
    if (!OPERATOR_ID.test(operatorId)) {
      const message = 'operatorId is 2 to 40 of A to Z, 0 to 9 and _, a letter first';
      throw validationFailed([{ field: 'operatorId', code: 'MATCHES', message }]);
    }
    return this.changeOperator.run(context, { operatorId, name, prefixes });
  }
}

import { Arg, Authorized, Ctx, Field, FieldResolver, Int, ObjectType, Query, Resolver, Root } from 'type-graphql';
import { formatUsd } from '../../../shared/money.js';
import { requireActor } from '../actor.js';
import type { RequestContext } from '../context.js';
import { type MonthlyStatement, readStatement, renderStatementCsv } from './monthly-statement.js';
import { renderStatementPdf } from './statement-pdf.js';

@ObjectType({ description: 'A month of the ledger: opening balance plus all lines is the closing balance, to the nano-dollar.' })
export class Statement {
  @Field(() => String, { description: 'YYYY-MM, UTC.' })
  month!: string;

  @Field(() => String)
  openingUsd!: string;

  @Field(() => String)
  closingUsd!: string;

  @Field(() => Int)
  lineCount!: number;

  readonly source!: MonthlyStatement;
}

@Resolver(() => Statement)
export class StatementResolver {
  @Authorized('billing:read')
  @Query(() => Statement)
  async statement(
    @Ctx() context: RequestContext,
    @Arg('month', () => String, { description: 'YYYY-MM.' }) month: string,
  ): Promise<Statement> {
    const source = await readStatement(context.pool, requireActor(context).accountId, month);
    return {
      month,
      openingUsd: formatUsd(source.opening),
      closingUsd: formatUsd(source.closing),
      lineCount: source.lines.length,
      source,
    };
  }

  @FieldResolver(() => String, { description: 'The whole file.' })
  csv(@Root() statement: Statement): string {
    return renderStatementCsv(statement.source);
  }

  @FieldResolver(() => String, { description: 'The whole file, base64.' })
  async pdf(@Root() statement: Statement): Promise<string> {
    return (await renderStatementPdf(statement.source)).toString('base64');
  }
}

import { Field, Int, ObjectType } from 'type-graphql';
import { Account } from './account.entity.js';
import { User } from './user.entity.js';

@ObjectType({ description: 'A login: show `token` as a bearer; renew with `refreshToken` (each works once).' })
export class Session {
  @Field(() => User)
  user!: User;

  @Field(() => Account)
  account!: Account;

  @Field(() => String)
  token!: string;

  @Field(() => String)
  refreshToken!: string;

  @Field(() => Int, { description: 'Seconds until `token` expires.' })
  expiresIn!: number;
}

@ObjectType()
export class Me {
  @Field(() => User)
  user!: User;

  @Field(() => Account)
  account!: Account;

  @Field(() => String, { description: 'owner, admin, developer, billing or viewer.' })
  role!: string;
}

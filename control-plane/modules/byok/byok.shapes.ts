import { Field, InputType, registerEnumType } from 'type-graphql';

export enum ByokMode {
  prefer = 'prefer',
  only = 'only',
}
registerEnumType(ByokMode, {
  name: 'ByokMode',
  valuesConfig: {
    prefer: { description: "Your key first; the house's credential when it fails." },
    only: { description: 'Your key and nothing else.' },
  },
});

@InputType()
export class ByokInput {
  @Field(() => String, { description: 'The vendor: openai, anthropic, google, ...' })
  provider!: string;

  @Field(() => String)
  apiKey!: string;

  @Field(() => String, { nullable: true, description: 'Only for vendors that allow one.' })
  baseUrl?: string | null;

  @Field(() => ByokMode, { nullable: true, defaultValue: ByokMode.prefer })
  mode?: ByokMode;
}

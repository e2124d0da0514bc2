/** What an operator's report of revenue can be grouped by. */
export enum RevenueDimension {
  day = 'day',
  model = 'model',
  vendor = 'vendor',
}

/** What a report of usage can be grouped by. */
export enum UsageDimension {
  day = 'day',
  model = 'model',
  key = 'key',
}

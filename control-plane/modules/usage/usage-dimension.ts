/** What a report of usage can be grouped by. */
export enum UsageDimension {
  day = 'day',
  model = 'model',
  key = 'key',
}

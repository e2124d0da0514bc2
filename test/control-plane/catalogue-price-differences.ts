/** `ours / theirs` by model, each accepted for the reason beside it. USD per million tokens. */
export const ACCEPTED_PRICE_DIFFERENCES: Readonly<Record<string, string>> = {
  // pi-ai of November says 0.1, the other list of September 0.2: the newer fact wins.
  'claude-sonnet-5-5': 'cacheRead 0.1 / 0.2',
  // DeepSeek's V4 costs twice as much in peak hours; we sell at the peak price all day.
  'deepseek-v4-flash': 'input 0.44 / 0.22, output 1.32 / 0.66, cacheRead 0.014 / 0.007',
  'deepseek-v4-pro': 'input 1.32 / 0.66, output 3.96 / 1.98, cacheRead 0.044 / 0.022',
  // OpenRouter's price is that of its cheapest host of the day: its own list of May 2026 against the other list's of September.
  'deepseek-v3.2': 'input 0.252 / 0.2288, output 0.378 / 0.3432',
  'inclusionai/ling-2.6-1t': 'input 0.3 / 0.075, output 2.5 / 0.625, cacheRead 0.06 / 0.015',
  'microsoft/phi-4': 'input 0.065 / 0.07',
  'stepfun/step-3.5-flash': 'input 0.1 / 0.09',
  'tencent/hy3-preview': 'input 0.066 / 0.063, output 0.26 / 0.21, cacheRead 0.029 / 0.021',
  'xiaomi/mimo-v2.5': 'input 0.4 / 0.14, output 2 / 0.28, cacheRead 0.08 / 0.0028',
  'xiaomi/mimo-v2.5-pro': 'input 1 / 0.435, output 3 / 0.87, cacheRead 0.2 / 0.0036',
};

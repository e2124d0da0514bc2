/** Figures as people read them. Money stays a decimal string until here and is never calculated with. */

export function usd(amount: string): string {
  const negative = amount.startsWith('-');
  const [whole = '0', fraction = ''] = amount.replace('-', '').split('.');
  const digits = fraction.padEnd(2, '0');
  // Cents at least; what is smaller than a cent is shown in full.
  const shown = /^0*$/.test(digits.slice(2)) ? digits.slice(0, 2) : digits.replace(/0+$/, '');
  return `${negative ? '-' : ''}$${whole.replace(/\B(?=(\d{3})+$)/g, ',')}.${shown}`;
}

export function count(value: number): string {
  return new Intl.NumberFormat(locale()).format(value);
}

export function moment(iso: string | null | undefined): string {
  return iso ? new Date(iso).toLocaleString(locale()) : '–';
}

/** The page's language, as this browser's owner writes it: `en-GB` before `en`. */
function locale(): string {
  const { lang } = document.documentElement;
  return navigator.languages.find((known) => known.startsWith(lang)) ?? lang;
}

export function milliseconds(value: number | null | undefined): string {
  if (value === null || value === undefined) return '–';
  return value < 1000 ? `${Math.round(value)} ms` : `${(value / 1000).toFixed(2)} s`;
}

/** 1,048,576 is "1.05M", 200,000 is "200K": for context sizes. */
export function compact(value: number): string {
  return new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 2 }).format(value);
}

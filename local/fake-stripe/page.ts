import type { Session } from './store.js';

/** The page that a customer would see at Stripe: one button for each thing that can happen. */
export function renderCheckout(session: Session): string {
  const amount = `${(session.amount_total / 100).toFixed(2)} ${escapeHtml(session.currency.toUpperCase())}`;
  const buttons =
    session.status === 'open'
      ? [
          button(session, 'paid', 'Pay'),
          button(session, 'delayed', 'Pay by a bank that answers later'),
          button(session, 'expired', 'Let it expire'),
        ]
      : session.status === 'complete' && session.payment_status === 'unpaid'
        ? [button(session, 'succeeded', 'The bank says yes'), button(session, 'failed', 'The bank says no')]
        : [`<p>This checkout is ${session.status}.</p>`];
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Test checkout</title>
<style>body{font:16px system-ui;max-width:26rem;margin:4rem auto;padding:0 1rem}button{display:block;width:100%;padding:.8rem;margin:.6rem 0}</style>
<h1>Test checkout</h1><p>No real money: this page stands in for Stripe.</p>
<p><strong>${amount}</strong> by ${escapeHtml(session.allowed_payment_method_types.join(', '))}</p>${buttons.join('')}</html>`;
}

function button(session: Session, action: string, label: string): string {
  return `<form method="post" action="/pay/${encodeURIComponent(session.id)}/${action}"><button>${label}</button></form>`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

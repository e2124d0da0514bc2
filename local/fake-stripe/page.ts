import type { Session } from './store.js';

/** The page that a customer would see at Stripe: one button for each thing that can happen. */
export function renderCheckout(session: Session): string {
  const amount = `${(session.amount_total / 100).toFixed(2)} ${escapeHtml(session.currency.toUpperCase())}`;
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Test checkout</title>
<style>body{font:16px system-ui;max-width:26rem;margin:4rem auto;padding:0 1rem}button{display:block;width:100%;padding:.8rem;margin:.6rem 0}</style>
<h1>Test checkout</h1><p>No real money: this page stands in for Stripe.</p>
<p><strong>${session.mode === 'setup' ? 'Save a' : `${amount} by`}</strong> ${escapeHtml(session.allowed_payment_method_types.join(', '))}</p>${buttonsOf(session).join('')}</html>`;
}

function buttonsOf(session: Session): string[] {
  const done = [`<p>This checkout is ${session.status}.</p>`];
  if (session.mode === 'setup')
    return session.status === 'open'
      ? [
          button(session, 'good', 'Save a card that pays (4242)'),
          button(session, 'declined', 'Save a card that is declined when it is charged (0341)'),
          button(session, 'authentication', 'Save a card whose bank wants to ask (3184)'),
          button(session, 'expired', 'Let it expire'),
        ]
      : done;
  if (session.status === 'open')
    return [
      button(session, 'paid', 'Pay'),
      button(session, 'delayed', 'Pay by a bank that answers later'),
      button(session, 'expired', 'Let it expire'),
    ];
  const waiting = session.status === 'complete' && session.payment_status === 'unpaid';
  return waiting ? [button(session, 'succeeded', 'The bank says yes'), button(session, 'failed', 'The bank says no')] : done;
}

function button(session: Session, action: string, label: string): string {
  return `<form method="post" action="/pay/${encodeURIComponent(session.id)}/${action}"><button>${label}</button></form>`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

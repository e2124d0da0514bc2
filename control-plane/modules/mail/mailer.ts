/**
 * Mail to people. Sending happens after the transaction that caused it and never fails it: a mail that could not be sent is logged, and
 * every mail can be asked for again. Without SMTP (local mode only) a mail is printed and, where a folder is named, kept as a file.
 */
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createTransport } from 'nodemailer';
import { newId } from '../../db/new-id.js';

export interface Mail {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
}

export interface Mailer {
  /** Returns at once. */
  send(mail: Mail): void;
}

interface MailLog {
  info(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** A mail server that does not answer within this is asked again at the next mail. */
const SMTP_MS = 15_000;

export function smtpMailer(smtpUrl: string, from: string, log: MailLog): Mailer {
  const transport = createTransport(smtpUrl, { from, connectionTimeout: SMTP_MS, socketTimeout: SMTP_MS } as object);
  return {
    send(mail) {
      // Neither text nor address: the text carries a token, the log outlives it.
      transport
        .sendMail({ ...mail, from })
        .catch((error: unknown) => log.error({ err: error, subject: mail.subject }, 'mail was not sent'));
    },
  };
}

export function localMailer(log: MailLog, directory: string | undefined): Mailer {
  return {
    send(mail) {
      log.info({ to: mail.to, subject: mail.subject, text: mail.text }, 'mail');
      if (directory === undefined) return;
      keep(directory, mail).catch((error: unknown) => log.error({ err: error }, 'mail was not kept'));
    },
  };
}

async function keep(directory: string, mail: Mail): Promise<void> {
  await mkdir(directory, { recursive: true });
  const path = join(directory, `${newId()}.json`);
  // Whoever watches the folder sees whole files only.
  await writeFile(`${path}.part`, JSON.stringify(mail, null, 2));
  await rename(`${path}.part`, path);
}

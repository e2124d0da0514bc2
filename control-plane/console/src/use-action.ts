import { notifications } from '@mantine/notifications';
import { useState } from 'react';
import type { AnyVariables, TypedDocumentNode } from 'urql';
import { useMutation } from 'urql';

/** A mutation with its progress; a refusal is shown and resolves null. */
export function useAction<Data, Variables extends AnyVariables>(document: TypedDocumentNode<Data, Variables>) {
  const [, execute] = useMutation<Data, Variables>(document);
  const [busy, setBusy] = useState(false);
  async function run(variables: Variables): Promise<Data | null> {
    setBusy(true);
    try {
      const { data, error } = await execute(variables);
      if (!error && data) return data;
      notifications.show({ color: 'red', message: error?.graphQLErrors[0]?.message ?? error?.message ?? '' });
      return null;
    } finally {
      setBusy(false);
    }
  }
  return { busy, run };
}

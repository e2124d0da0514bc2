import { Badge, Button, Checkbox, Group, Stack, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useState } from 'react';
import { DataTable } from '../components/data-table.js';
import { QueryView } from '../components/query-view.js';
import { Empty } from '../components/states.js';
import { ApplyCatalogueImportDocument, OperatorCatalogueImportDocument, type OperatorCatalogueImportQuery } from '../generated/graphql.js';
import { useLocale } from '../messages/locale.js';
import { useAction } from '../use-action.js';

type Change = OperatorCatalogueImportQuery['catalogueImport'][number];
/** What one call of the API takes. */
const AT_ONCE = 50;

/** The catalogue that came with this version against the one in force; chosen models are applied from now on. */
export default function ImportTab() {
  return (
    <QueryView document={OperatorCatalogueImportDocument} variables={{}}>
      {({ catalogueImport }, refresh) => <Review changes={catalogueImport} onApplied={refresh} />}
    </QueryView>
  );
}

function Review({ changes, onApplied }: { readonly changes: readonly Change[]; readonly onApplied: () => void }) {
  const { t } = useLocale();
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const apply = useAction(ApplyCatalogueImportDocument);
  const open = changes.filter((change) => change.kind !== 'not_in_catalogue');
  if (changes.length === 0) return <Empty>{t('operator.importNone')}</Empty>;
  const toggle = (id: string) => setChosen((before) => new Set(before.has(id) ? [...before].filter((one) => one !== id) : [...before, id]));
  async function applyChosen(): Promise<void> {
    const answer = await apply.run({ modelIds: [...chosen].slice(0, AT_ONCE) });
    if (!answer) return;
    notifications.show({ message: t('operator.imported', { count: answer.applyCatalogueImport }) });
    setChosen(new Set());
    onApplied();
  }
  return (
    <Stack>
      <Group>
        <Button variant="default" size="xs" onClick={() => setChosen(new Set(open.slice(0, AT_ONCE).map((change) => change.modelId)))}>
          {t('operator.chooseAll', { count: Math.min(open.length, AT_ONCE) })}
        </Button>
        <Button size="xs" disabled={chosen.size === 0} loading={apply.busy} onClick={() => void applyChosen()}>
          {t('operator.apply', { count: chosen.size })}
        </Button>
      </Group>
      <DataTable<Change>
        label={t('operator.import')}
        rows={changes}
        rowKey={(change) => change.modelId}
        columns={[
          {
            title: t('operator.choose'),
            render: (change) =>
              change.kind === 'not_in_catalogue' ? null : (
                <Checkbox
                  aria-label={`${t('operator.choose')} ${change.modelId}`}
                  checked={chosen.has(change.modelId)}
                  onChange={() => toggle(change.modelId)}
                />
              ),
          },
          { title: t('column.model'), render: (change) => change.modelId },
          { title: t('column.kind'), render: (change) => <Badge>{kindOf(change, t)}</Badge> },
          {
            title: t('operator.changed'),
            render: (change) =>
              change.changes.map((line) => (
                <Text key={line} size="sm" ff="monospace">
                  {line}
                </Text>
              )),
          },
        ]}
      />
    </Stack>
  );
}

function kindOf(change: Change, t: ReturnType<typeof useLocale>['t']): string {
  if (change.kind === 'added') return t('operator.kindAdded');
  return change.kind === 'changed' ? t('operator.kindChanged') : t('operator.kindOwn');
}

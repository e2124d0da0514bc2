import { ActionIcon, Button, Group, Paper, Stack, Text, TextInput } from '@mantine/core';
import { IconArrowDown, IconArrowUp, IconGripVertical, IconX } from '@tabler/icons-react';
import { useState } from 'react';
import { useLocale } from '../messages/locale.js';

/** An ordered list of models: drag a row onto another, or use its arrows; with the keyboard, too. */
export function ModelOrder({
  title,
  models,
  onChange,
}: {
  readonly title: string;
  readonly models: readonly string[];
  readonly onChange: (models: string[]) => void;
}) {
  const { t } = useLocale();
  const [dragged, setDragged] = useState<number | null>(null);
  const [added, setAdded] = useState('');
  function move(from: number, to: number): void {
    const next = [...models];
    const [model] = next.splice(from, 1);
    if (model === undefined || to < 0 || to > next.length) return;
    next.splice(to, 0, model);
    onChange(next);
  }
  function add(): void {
    const model = added.trim();
    if (model === '' || models.includes(model)) return;
    onChange([...models, model]);
    setAdded('');
  }
  return (
    <Stack gap={6}>
      <Text size="sm" fw={600}>
        {title}
      </Text>
      <Stack gap={4} component="ol" m={0} p={0} style={{ listStyle: 'none' }} aria-label={title}>
        {models.map((model, index) => (
          <Paper
            key={model}
            component="li"
            withBorder
            px={6}
            py={2}
            draggable
            onDragStart={(event) => {
              setDragged(index);
              event.dataTransfer.effectAllowed = 'move';
              event.dataTransfer.setData('text/plain', model);
            }}
            onDragOver={(event) => {
              if (dragged !== null) event.preventDefault();
            }}
            onDrop={(event) => {
              event.preventDefault();
              if (dragged !== null) move(dragged, index);
              setDragged(null);
            }}
            onDragEnd={() => setDragged(null)}
          >
            <Group gap={4} wrap="nowrap">
              <IconGripVertical size={14} aria-hidden style={{ cursor: 'grab', flexShrink: 0 }} />
              <Text size="sm" style={{ flex: 1, overflowWrap: 'anywhere' }}>
                {model}
              </Text>
              <ActionIcon
                size="sm"
                variant="subtle"
                aria-label={t('operator.up', { model })}
                disabled={index === 0}
                onClick={() => move(index, index - 1)}
              >
                <IconArrowUp size={14} />
              </ActionIcon>
              <ActionIcon
                size="sm"
                variant="subtle"
                aria-label={t('operator.down', { model })}
                disabled={index === models.length - 1}
                onClick={() => move(index, index + 1)}
              >
                <IconArrowDown size={14} />
              </ActionIcon>
              <ActionIcon
                size="sm"
                variant="subtle"
                aria-label={t('operator.removeModel', { model })}
                onClick={() => onChange(models.filter((one) => one !== model))}
              >
                <IconX size={14} />
              </ActionIcon>
            </Group>
          </Paper>
        ))}
      </Stack>
      <Group gap={4} wrap="nowrap" align="flex-end">
        <TextInput
          size="xs"
          flex={1}
          aria-label={`${t('operator.addModel')}: ${title}`}
          placeholder={t('operator.addModel')}
          value={added}
          onChange={(event) => setAdded(event.currentTarget.value)}
        />
        <Button size="xs" variant="default" onClick={add}>
          {t('operator.add')}
        </Button>
      </Group>
    </Stack>
  );
}

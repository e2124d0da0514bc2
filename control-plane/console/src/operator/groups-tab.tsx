import { Stack } from '@mantine/core';
import { QueryView } from '../components/query-view.js';
import { Empty } from '../components/states.js';
import { OperatorGroupsDocument } from '../generated/graphql.js';
import { DryRun } from './dry-run.js';
import { GroupCard } from './group-card.js';
import { TierShares } from './tier-shares.js';

const DAYS = 30;

export default function GroupsTab() {
  return (
    <Stack>
      <DryRun />
      <TierShares days={DAYS} />
      <QueryView document={OperatorGroupsDocument} variables={{}}>
        {({ routingGroups }, refresh) =>
          routingGroups.edges.length === 0 ? (
            <Empty />
          ) : (
            <Stack>
              {routingGroups.edges.map(({ node }) => (
                <GroupCard key={`${node.id} ${JSON.stringify(node)}`} group={node} onSaved={refresh} />
              ))}
            </Stack>
          )
        }
      </QueryView>
    </Stack>
  );
}

/** Everything of a cluster that can be written down from its manifest: one renderer a concern, in no particular order. */
import type { ConfigMap } from '@pgherd/api';
import type { Renderer } from './context.ts';
import { renderAccess } from './access.ts';
import { renderBackups } from './backups/repositoryHost.ts';
import { patroniFileKey } from './memberPod.ts';
import { renderMembers } from './members.ts';
import { childMetadata } from './metadata.ts';
import { patroniClusterFile } from './patroni.ts';
import { renderDisruptionBudgets } from './scheduling.ts';
import { renderServices } from './services.ts';

/** What all members of a cluster tell their Patroni. */
const renderConfiguration: Renderer = (cluster, _members, context) => {
  const configuration: ConfigMap = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: childMetadata(cluster, cluster.profile.names.configuration(cluster.identity.name)),
    data: { [patroniFileKey]: patroniClusterFile(cluster, context) },
  };
  return [{ object: configuration, stage: 1, mode: 'apply' }];
};

const renderers: readonly Renderer[] = [
  renderAccess,
  renderServices,
  renderConfiguration,
  renderMembers,
  renderDisruptionBudgets,
  renderBackups,
];

/** The objects that should exist for these members. Secrets are planned (secrets.ts), Jobs are steps (backups/job.ts). */
export const renderCluster: Renderer = (cluster, members, context) => renderers.flatMap((render) => render(cluster, members, context));

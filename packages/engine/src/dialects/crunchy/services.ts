/** Settings of the Services that clients use. */
import type { Metadata, ServiceSettings } from '../../model/cluster.ts';
import type { Field } from '../common/fields.ts';
import { at, choiceOf, integerOf, itemsOf, report } from '../common/fields.ts';
import { mergedMetadata, metadataOf } from './metadata.ts';

/** `metadata` is the cluster's own, which every object gets. */
export const serviceOf = (field: Field, metadata: Metadata): ServiceSettings => {
  const type = choiceOf(at(field, 'type'), ['ClusterIP', 'NodePort', 'LoadBalancer']) ?? 'ClusterIP';
  const nodePort = integerOf(at(field, 'nodePort'), 1, 65535);
  if (type === 'ClusterIP' && nodePort !== undefined) {
    report(at(field, 'nodePort'), {
      kind: 'invalid',
      reason: 'MisconfiguredClusterIP',
      message: `a Service of type ClusterIP has no node port, so ${nodePort} is ignored; remove it or set ${field.path}.type to NodePort`,
    });
  }
  return {
    type,
    nodePort: type === 'ClusterIP' ? undefined : nodePort,
    metadata: mergedMetadata(metadata, metadataOf(at(field, 'metadata'))),
    internalTrafficPolicy: choiceOf(at(field, 'internalTrafficPolicy'), ['Cluster', 'Local']),
    sourceRanges: [],
    // Kubernetes refuses an external policy on a Service that nothing outside can reach.
    externalTrafficPolicy: type === 'ClusterIP' ? undefined : choiceOf(at(field, 'externalTrafficPolicy'), ['Cluster', 'Local']),
    ipFamilyPolicy: choiceOf(at(field, 'ipFamilyPolicy'), ['SingleStack', 'PreferDualStack', 'RequireDualStack']),
    ipFamilies: itemsOf(at(field, 'ipFamilies'))
      .map((item) => choiceOf(item, ['IPv4', 'IPv6']))
      .filter((family) => family !== undefined),
  };
};

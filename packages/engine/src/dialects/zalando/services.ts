/** Settings of the Services that clients use. */
import type { ServiceSettings } from '../../model/cluster.ts';
import type { Field } from '../common/fields.ts';
import { at, booleanOf, integerOf, textItemsOf, textsOf } from '../common/fields.ts';

interface Fields {
  readonly loadBalancer: string;
  readonly nodePortType: string;
  readonly nodePort: string;
  readonly annotations: string;
}

const serviceOf = (spec: Field, fields: Fields): ServiceSettings => {
  // The original prefers a node port where both are asked for.
  const type =
    booleanOf(at(spec, fields.nodePortType)) === true
      ? 'NodePort'
      : booleanOf(at(spec, fields.loadBalancer)) === true
        ? 'LoadBalancer'
        : 'ClusterIP';
  const nodePort = integerOf(at(spec, fields.nodePort), 0, 65535);
  const ranges = textItemsOf(at(spec, 'allowedSourceRanges'));
  return {
    type,
    nodePort: type === 'NodePort' && nodePort !== 0 ? nodePort : undefined,
    metadata: { labels: {}, annotations: { ...textsOf(at(spec, 'serviceAnnotations')), ...textsOf(at(spec, fields.annotations)) } },
    internalTrafficPolicy: undefined,
    externalTrafficPolicy: undefined,
    ipFamilyPolicy: undefined,
    ipFamilies: [],
    // Without a list nobody outside gets in.
    sourceRanges: type === 'LoadBalancer' ? (ranges.length === 0 ? ['127.0.0.1/32'] : ranges) : [],
  };
};

export const servicesOf = (spec: Field): { readonly primary: ServiceSettings; readonly replicas: ServiceSettings } => ({
  primary: serviceOf(spec, {
    loadBalancer: 'enableMasterLoadBalancer',
    nodePortType: 'enableMasterNodePort',
    nodePort: 'masterNodePort',
    annotations: 'masterServiceAnnotations',
  }),
  replicas: serviceOf(spec, {
    loadBalancer: 'enableReplicaLoadBalancer',
    nodePortType: 'enableReplicaNodePort',
    nodePort: 'replicaNodePort',
    annotations: 'replicaServiceAnnotations',
  }),
});

/** How clients from outside Kubernetes reach the cluster: load balancers, node ports, and the annotations of Services. */
import { boolean, integer, list, string } from '../schema/builders.ts';
import { annotations } from './shared.ts';

const octet = '(\\d|[1-9]\\d|1\\d\\d|2[0-4]\\d|25[0-5])';
/** Of IPv6 only the letters are checked here: Kubernetes reads it when the Service is made. */
const rangePattern = `^(${octet}(\\.${octet}){3}/(\\d|[12]\\d|3[0-2])|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*/(\\d|[1-9]\\d|1[01]\\d|12[0-8]))$`;

const loadBalancer = (of: string) => boolean(`Whether the Service of ${of} is of type LoadBalancer.`, { assumed: "the operator's" });

const nodePortService = (of: string) =>
  boolean(`Whether the Service of ${of} is of type NodePort, even if a load balancer is asked for too.`, { assumed: "the operator's" });

const nodePort = (of: string) => integer(`Port on every node for ${of}. Absent or 0: Kubernetes picks one.`, { format: 'int32' });

const primary = 'the primary';
const replicas = 'the replicas';
const primaryPooler = "the primary's pooler";
const replicaPooler = "the replicas' pooler";

export const services = {
  enableMasterLoadBalancer: loadBalancer(primary),
  enableReplicaLoadBalancer: loadBalancer(replicas),
  enableMasterPoolerLoadBalancer: loadBalancer(primaryPooler),
  enableReplicaPoolerLoadBalancer: loadBalancer(replicaPooler),
  enableMasterNodePort: nodePortService(primary),
  enableReplicaNodePort: nodePortService(replicas),
  enableMasterPoolerNodePort: nodePortService(primaryPooler),
  enableReplicaPoolerNodePort: nodePortService(replicaPooler),
  masterNodePort: nodePort(primary),
  replicaNodePort: nodePort(replicas),
  masterPoolerNodePort: nodePort(primaryPooler),
  replicaPoolerNodePort: nodePort(replicaPooler),
  allowedSourceRanges: list(
    'Networks that may reach the load balancers: 192.0.2.0/24, 2001:db8::/32. Null or empty: nobody.',
    string('', { pattern: rangePattern }),
    { nullable: true },
  ),
  serviceAnnotations: annotations('Annotations of all Services.'),
  masterServiceAnnotations: annotations('Annotations of the Service of the primary. They win over serviceAnnotations.'),
  replicaServiceAnnotations: annotations('Annotations of the Service of the replicas. They win over serviceAnnotations.'),
};

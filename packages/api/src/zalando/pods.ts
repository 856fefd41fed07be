/** The pods of the cluster: where they run, as whom, and what else runs in them. */
import { containerPort, envFromSource, envVar, nodeAffinity, probe, toleration, topologySpreadConstraint } from '../kubernetes/embedded.ts';
import { boolean, freeForm, integer, list, object, string } from '../schema/builders.ts';
import { annotations, resources } from './shared.ts';

const operators = "the operator's";

/** A container of a user. Of what Kubernetes knows of containers the original takes these fields, and drops the others. */
const sidecar = object('', {
  name: string('Name of the container.'),
  image: string('Image of the container.'),
  ports: list('Ports that it listens on.', containerPort()),
  env: list('Environment of the container, besides what every container of the pod gets.', envVar()),
  command: list("Command, in place of the image's.", string('')),
  resources: resources('CPU and memory of the container.'),
});

export const pods = {
  resources: resources('CPU and memory of PostgreSQL.'),
  podAnnotations: annotations("Annotations of the pods, besides the operator's."),
  spiloRunAsUser: integer('User id that the containers run as.', { format: 'int64', assumed: operators }),
  spiloRunAsGroup: integer('Group id that the containers run as.', { format: 'int64', assumed: operators }),
  spiloFSGroup: integer('Group id that volumes belong to.', { format: 'int64', assumed: operators }),
  nodeAffinity: nodeAffinity('Which nodes the pods may or should run on.'),
  tolerations: list("Taints that the pods may run in spite of, in place of the operator's.", toleration()),
  topologySpreadConstraints: list(
    'How the pods spread over nodes and zones. Each constraint needs a labelSelector.',
    topologySpreadConstraint(),
  ),
  schedulerName: string('Scheduler that places the pods.', { assumed: 'the default of Kubernetes' }),
  podPriorityClassName: string('PriorityClass of the pods.', { assumed: operators }),
  livenessProbe: probe('When the container of PostgreSQL counts as dead.'),
  sidecars: list('Containers of your own in each pod.', sidecar),
  // No schema of Kubernetes' own, as in the original: the API server reads it when the StatefulSet is made.
  initContainers: list('Containers of your own that run before PostgreSQL starts, as in a pod.', freeForm('')),
  env: list("Environment of PostgreSQL's container. What the operator sets itself stays as it is.", envVar()),
  envFrom: list("ConfigMaps and Secrets whose keys are environment of PostgreSQL's container.", envFromSource()),
  enableShmVolume: boolean('Whether /dev/shm is as large as the memory allows, rather than 64 MiB.', { assumed: operators }),
};

/** Types that several sections of a PostgresCluster share. */
import {
  affinity,
  localObjectReference,
  persistentVolumeClaimSpec,
  resourceRequirements,
  toleration,
  topologySpreadConstraint,
} from '../kubernetes/embedded.ts';
import { boolean, extended, integer, list, listMap, map, object, quantity, required, set, string } from '../schema/builders.ts';
import type { Rule } from '../schema/node.ts';

/** The API version in which the stricter rules hold. */
export const strict = ['v1'] as const;

const dnsLabel = '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$';
const dnsSubdomain = '^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$';

/** `repo1` to `repo4`. The pattern has no end, as in the original: what begins so is accepted. */
export const repositoryPattern = '^repo[1-4]';

/** A name that PostgreSQL takes for a role or a database. */
export const identifier = string('', { minLength: 1, maxLength: 63 });

export const metadata = (of: string) =>
  object(`Labels and annotations for ${of}.`, {
    labels: map('Labels to add. Those that the operator selects by cannot be overridden.', string('')),
    annotations: map('Annotations to add.', string('')),
  });

const priorityClassName = (of: string) => string(`PriorityClass of ${of}. A change restarts it.`);

const tolerations = (of: string) => list(`Taints that ${of} may run in spite of.`, toleration());

export const topologySpreadConstraints = (of: string) =>
  list(
    `How ${of} spreads over nodes and zones. The operator's own constraints come on top unless disableDefaultPodScheduling is true.`,
    topologySpreadConstraint(),
  );

export const imagePullSecrets = list(
  'Secrets with the credentials of the image registries, for every pod of the cluster.',
  localObjectReference(),
);

/** Where a pod may run, and with what: the fields that every workload has. */
export const scheduling = (of: string) => ({
  affinity: affinity(`Which nodes ${of} may or should run on, and beside which other pods.`),
  priorityClassName: priorityClassName(of),
  resources: resourceRequirements(`CPU and memory of ${of}.`),
  tolerations: tolerations(of),
});

/** A helper container, of which only the resources can be set. */
export const sidecar = (description: string) =>
  object(description, { resources: resourceRequirements('CPU and memory of the container.') });

// Persistent volume claims

const claimRules: readonly Rule[] = [
  {
    rule: 'has(self.accessModes) && size(self.accessModes) > 0',
    message: 'a volume claim needs at least one access mode, for example ReadWriteOnce',
    fieldPath: '.accessModes',
    reason: 'FieldValueRequired',
  },
  {
    rule: 'has(self.resources) && has(self.resources.requests) && has(self.resources.requests.storage)',
    message: 'a volume claim needs a storage request, for example 10Gi',
    fieldPath: '.resources.requests.storage',
    reason: 'FieldValueRequired',
  },
];

/** A claim as a whole: server-side apply owns it undivided. A smaller request than before is accepted here and reported by the operator. */
export const volumeClaim = (description: string) => persistentVolumeClaimSpec(description, { mapType: 'atomic', rules: claimRules });

/** A claim of a volume that can grow by itself. */
export const growingVolumeClaim = (description: string) =>
  extended(volumeClaim(description), {
    autoGrow: object('Let the volume grow when it fills up. Needs a storage class that can expand volumes.', {
      trigger: integer('Per cent of the volume in use at which it grows.', { format: 'int32', minimum: 50, maximum: 90, assumed: '75' }),
      maxGrow: quantity('Size beyond which the volume never grows by itself.'),
    }),
  });

// Volumes that users add

const additionalVolume = object(
  '',
  {
    name: required(
      string('Name of the directory below /volumes at which the volume is mounted.', { pattern: dnsLabel, minLength: 1, maxLength: 55 }),
    ),
    claimName: string('An existing PersistentVolumeClaim in the namespace of the cluster.', {
      pattern: dnsSubdomain,
      minLength: 1,
      maxLength: 253,
    }),
    image: object('A container image whose files are mounted, read-only. Needs a Kubernetes and container runtime with image volumes.', {
      reference: required(string('Name of the image, with its registry and tag or digest.')),
      pullPolicy: string('When the image is pulled.', { enum: ['Always', 'Never', 'IfNotPresent'] }),
    }),
    containers: set(
      'Names of the containers that get the volume. Absent: all of the pod; an empty list: none.',
      string('', { pattern: dnsLabel, minLength: 1, maxLength: 63 }),
      { maxItems: 10 },
    ),
    readOnly: boolean('Mount the volume read-only.', { assumed: 'false' }),
  },
  {
    mapType: 'atomic',
    rules: [
      {
        rule: 'has(self.claimName) != has(self.image)',
        message: 'give exactly one of claimName and image',
        reason: 'FieldValueInvalid',
      },
      {
        rule: '!has(self.image) || !has(self.readOnly) || self.readOnly',
        message: 'a volume from an image is always read-only',
        fieldPath: '.readOnly',
        reason: 'FieldValueInvalid',
      },
    ],
  },
);

export const additionalVolumes = (of: string) =>
  listMap(`Volumes to mount in ${of}, each at /volumes/NAME.`, ['name'], additionalVolume, { maxItems: 10 });

export const volumes = (of: string) => object(`Volumes beside those of the operator, for ${of}.`, { additional: additionalVolumes(of) });

// References to one key

const keyFields = (of: string) => ({
  name: required(string(`Name of the ${of}.`, { pattern: dnsSubdomain, minLength: 1, maxLength: 253 })),
  key: required(
    string(`Key in the ${of}.`, {
      pattern: '^[-._a-zA-Z0-9]+$',
      minLength: 1,
      maxLength: 253,
      rules: [{ rule: "self != '.' && !self.startsWith('..')", message: 'a key may neither be "." nor begin with ".."' }],
    }),
  ),
});

export const configMapKey = (description: string) => object(description, keyFields('ConfigMap'), { mapType: 'atomic' });

export const optionalSecretKey = (description: string) =>
  object(
    description,
    { ...keyFields('Secret'), optional: boolean('Whether the Secret or its key may be missing.', { assumed: 'false' }) },
    { mapType: 'atomic' },
  );

// Services

export const service = (description: string) =>
  object(description, {
    metadata: metadata('the Service'),
    type: string('Kind of Service.', { enum: ['ClusterIP', 'NodePort', 'LoadBalancer'], default: 'ClusterIP' }),
    nodePort: integer('Port on every node, for the types NodePort and LoadBalancer. Absent: Kubernetes picks one.', { format: 'int32' }),
    ipFamilyPolicy: string('Whether the Service has one address family or two.', {
      enum: ['SingleStack', 'PreferDualStack', 'RequireDualStack'],
    }),
    ipFamilies: list('Address families, in order of preference.', string('', { enum: ['IPv4', 'IPv6'] })),
    internalTrafficPolicy: string('Whether clients inside Kubernetes reach all pods, or only those on their own node.', {
      enum: ['Cluster', 'Local'],
    }),
    externalTrafficPolicy: string('Whether clients from outside reach all pods, or only those on the node that they come in by.', {
      enum: ['Cluster', 'Local'],
    }),
  });

// pgBackRest log files

export const logPath = (description: string, path: string) => object(description, { path: string(path, { maxLength: 256 }) });

/** Environment of the manifest's containers: which variables are the cluster's, and which of the manifest's come to them. */
import type { EnvVar } from '@pgherd/api';
import type { Field } from '../common/fields.ts';
import { at, embedded, isPresent, itemsOf, report, shown, textOf } from '../common/fields.ts';
import { ownVariables } from './ownPod.ts';
import { profile, rootDirectory } from './profile.ts';

const { labels, roles } = profile;

export const fieldVariable = (name: string, fieldPath: string): EnvVar => ({
  name,
  valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath } },
});

/**
 * What programs in the container of PostgreSQL read to know where they are.
 *
 * The original's passwords, PGPASSWORD_SUPERUSER and PGPASSWORD_STANDBY, are none of it. Its image writes Patroni's configuration from them; here
 * Patroni and psql get in through the socket by who they are, and members stream with a certificate. In the environment every process of the pod
 * could read them, the sidecars' included, and no known tool besides that image does.
 */
export const databaseVariables = (cluster: string, majorVersion: number): readonly EnvVar[] => [
  { name: 'SCOPE', value: profile.names.scope(cluster) },
  { name: 'PGROOT', value: rootDirectory },
  { name: 'PGVERSION', value: String(majorVersion) },
  { name: 'PGUSER_SUPERUSER', value: roles.superuser },
  { name: 'PGUSER_STANDBY', value: roles.replication },
  { name: 'KUBERNETES_SCOPE_LABEL', value: labels.cluster },
  { name: 'KUBERNETES_ROLE_LABEL', value: labels.role },
  { name: 'KUBERNETES_LABELS', value: JSON.stringify(profile.commonLabels) },
  { name: 'DCS_ENABLE_KUBERNETES_API', value: 'true' },
  fieldVariable('POD_IP', 'status.podIP'),
  fieldVariable('POD_NAMESPACE', 'metadata.namespace'),
];

/** These the original always sets itself, so a manifest's have no effect there either. */
const withoutEffect = ['HUMAN_ROLE', 'KUBERNETES_BOOTSTRAP_LABELS', 'PAM_OAUTH2', 'PGPASSWORD_STANDBY', 'PGPASSWORD_SUPERUSER'] as const;

interface Variable {
  readonly field: Field;
  readonly variable: EnvVar;
}

/** Of the manifest's variables those that count: the cluster's own ones win, then the first of a name. Names are compared without their case. */
const countingVariables = (field: Field, fixed: readonly string[]): readonly Variable[] => {
  const taken = new Set(fixed.map((name) => name.toUpperCase()));
  const seen = new Set<string>();
  const refuse = (place: Field, message: string): readonly Variable[] => {
    report(place, { kind: 'invalid', reason: 'InvalidVariable', message });
    return [];
  };
  return itemsOf(field).flatMap((item): readonly Variable[] => {
    const variable = embedded<EnvVar>(item);
    // What is there and no object is reported already.
    if (variable === undefined && isPresent(item)) return [];
    const place = at(item, 'name');
    const name = textOf(place) ?? '';
    const key = name.toUpperCase();
    if (variable === undefined || name === '') return refuse(item, 'a variable needs a name, so it is left out; give it one');
    if (!/^[\x20-\x7e]+$/.test(name) || name.includes('=')) {
      return refuse(place, `no variable can be called ${shown(name)}, so it is left out; write letters, digits and underscores`);
    }
    if (taken.has(key)) {
      report(place, {
        kind: 'warning',
        reason: 'VariableOverridden',
        message: `${shown(name)} is for the cluster to set, so what stands here has no effect; remove it`,
      });
      return [];
    }
    if (seen.has(key))
      return refuse(place, `${shown(name)} stands here twice, whatever the case, and the first one counts; remove this one`);
    seen.add(key);
    return [{ field: item, variable }];
  });
};

/** Variables by which the image of the original is told to do something that is not done here. */
interface Feature {
  readonly names: RegExp;
  /** Completes "… is not carried out yet". */
  readonly what: string;
  /** Where the data come from: to go on without it would do harm as long as there are none. */
  readonly fillsTheCluster?: true;
}

const features: readonly Feature[] = [
  { names: /^CLONE_/, what: 'creating a cluster from existing data', fillsTheCluster: true },
  { names: /^STANDBY_/, what: 'a standby cluster', fillsTheCluster: true },
  {
    names: /^(?:WAL|WALG|WALE|USE_WALG|BACKUP|AWS|AZURE|SSH)_|^(?:GOOGLE_APPLICATION_CREDENTIALS|ENABLE_WAL_PATH_COMPAT)$/,
    what: 'archiving WAL and backups in an object store',
  },
  { names: /^LOG_(?:S3|BUCKET)_/, what: 'archiving logs in an object store' },
  { names: /^CRONTAB$/, what: 'jobs of cron in the pods' },
  { names: /^SPILO_CONFIGURATION$/, what: 'configuring Patroni by a variable' },
  { names: /^ALLOW_NOSSL$/, what: 'letting clients in without TLS by a variable' },
  { names: /^SSL_(?:CERTIFICATE|PRIVATE_KEY|CA)_FILE$/, what: 'naming certificates by variables' },
  { names: /^(?:KUBERNETES_USE_CONFIGMAPS|ETCD_HOST)$/, what: "keeping Patroni's state elsewhere than in Endpoints" },
  { names: /^(?:PGHOME|PGLOG|RW_DIR)$/, what: 'choosing directories by variables' },
];

/** Something other than nothing and "off" is asked for. */
const asks = (field: Field): boolean => {
  const { value } = at(field, 'value');
  return isPresent(at(field, 'valueFrom')) || (value !== undefined && value !== null && value !== '' && value !== 'false');
};

const reportFeature = ({ field, variable }: Variable, bootstrapped: boolean): void => {
  const feature = features.find(({ names }) => names.test(variable.name));
  const fills = feature?.fillsTheCluster === true;
  // Where the data came from matters once: manifests keep it.
  if (feature === undefined || !asks(field) || (fills && bootstrapped)) return;
  report(field, {
    kind: 'unsupported',
    reason: 'NotYetSupported',
    message: `${feature.what} (${variable.name}) is not carried out yet; ${
      fills
        ? 'an empty database would be created in its place, so nothing is made; remove the variable if one is wanted'
        : 'the cluster runs without it'
    }`,
    blocking: fills,
  });
};

/** Variables of PostgreSQL's container that the manifest adds to `own`. */
export const databaseVariablesOf = (field: Field, own: readonly EnvVar[], bootstrapped: boolean): readonly EnvVar[] => {
  const variables = countingVariables(field, [...own.map(({ name }) => name), ...ownVariables, ...withoutEffect]);
  for (const variable of variables) reportFeature(variable, bootstrapped);
  return variables.map(({ variable }) => variable);
};

/** Variables that the manifest adds to those that one of its own containers has from the cluster. */
export const sidecarVariablesOf = (field: Field, own: readonly EnvVar[]): readonly EnvVar[] =>
  countingVariables(
    field,
    own.map(({ name }) => name),
  ).map(({ variable }) => variable);

/** Secrets with which applications connect. */
import type { SecretTemplatePart, SecretValue } from '../decision.ts';
import type { Cluster, UserIntent } from '../model/cluster.ts';
import type { SecretPlan } from '../model/secrets.ts';
import { clusterLabels } from './labels.ts';
import { unownedMetadata } from './metadata.ts';

/** Keys of a user's Secret, besides that of its name. */
export const userSecretKeys = {
  password: 'password',
  verifier: 'verifier',
  host: 'host',
  port: 'port',
  database: 'dbname',
  uri: 'uri',
  jdbcUri: 'jdbc-uri',
} as const;

const text = (value: string): SecretValue => ({ kind: 'text', text: value });

/** Name and database come from a manifest and may hold any character, so they are encoded as the password is. */
const addresses = (user: string, host: string, port: number, database: string): SecretPlan['values'] => {
  const name = encodeURIComponent(user);
  const path = `${host}:${port}/${encodeURIComponent(database)}`;
  const password: SecretTemplatePart = { valueOf: userSecretKeys.password, encoding: 'url' };
  return {
    [userSecretKeys.database]: text(database),
    [userSecretKeys.uri]: { kind: 'template', parts: [{ text: `postgresql://${name}:` }, password, { text: `@${path}` }] },
    [userSecretKeys.jdbcUri]: {
      kind: 'template',
      parts: [{ text: `jdbc:postgresql://${path}?password=` }, password, { text: `&user=${name}` }],
    },
  };
};

const userPlan = (cluster: Cluster, user: UserIntent, characters: 'ascii' | 'alphanumeric'): SecretPlan => {
  const { names, labels, roleValues, userSecrets } = cluster.profile;
  const { name: clusterName, namespace } = cluster.identity;
  const secret = names.userSecret(clusterName, user.name);
  const found = { ...clusterLabels(cluster), [labels.role]: roleValues.userSecret, [labels.user]: user.name };
  const metadata = unownedMetadata(cluster, secret, found);
  const host = `${names.primaryService(clusterName)}.${namespace}.svc`;
  const [database] = user.databases;
  return {
    reference: { apiVersion: 'v1', kind: 'Secret', namespace, name: secret },
    labels: metadata.labels ?? {},
    annotations: metadata.annotations ?? {},
    ownership: 'controller',
    stage: 1,
    values: {
      [userSecrets.userKey]: text(user.name),
      [userSecretKeys.password]: { kind: 'newPassword', characters, length: userSecrets.passwordLength },
      [userSecretKeys.verifier]: {
        kind: 'verifierOf',
        key: userSecretKeys.password,
        follows: userSecrets.verifierFollowsPassword,
      },
      ...(userSecrets.withAddresses && {
        [userSecretKeys.host]: text(host),
        [userSecretKeys.port]: text(String(cluster.postgres.port)),
      }),
      ...(userSecrets.withAddresses && database !== undefined && addresses(user.name, host, cluster.postgres.port, database)),
    },
    foundByLabels: userSecrets.foundByLabels ? found : undefined,
    takenUnlabelled: userSecrets.takenUnlabelled,
  };
};

/** One Secret for each role of the manifest that has a password. */
export const userSecretPlans = (cluster: Cluster): readonly SecretPlan[] =>
  cluster.users.flatMap((user) => (user.passwordCharacters === undefined ? [] : [userPlan(cluster, user, user.passwordCharacters)]));

/** `spec.userInterface`: pgAdmin beside the cluster; version v1 of the API has it no more. */
import { volumeProjection } from '../kubernetes/embedded.ts';
import { freeForm, integer, list, object, required, string } from '../schema/builders.ts';
import { metadata, optionalSecretKey, scheduling, service, strict, topologySpreadConstraints, volumeClaim } from './shared.ts';

const pgAdmin = object('pgAdmin 4.', {
  dataVolumeClaimSpec: required(volumeClaim("The volume of pgAdmin's data.")),
  image: string('Image of pgAdmin.', { assumed: "the operator's" }),
  replicas: integer('0 or 1.', { format: 'int32', minimum: 0, maximum: 1, default: 1 }),
  config: object('Settings of pgAdmin.', {
    settings: freeForm('Values of config_system.py, by their names in capitals.'),
    files: list('Files from ConfigMaps and Secrets.', volumeProjection()),
    ldapBindPassword: optionalSecretKey('Password for the LDAP server.'),
  }),
  service: service('Service CLUSTER-pgadmin.'),
  metadata: metadata('everything that belongs to pgAdmin'),
  ...scheduling('pgAdmin'),
  topologySpreadConstraints: topologySpreadConstraints('pgAdmin'),
});

export const userInterface = object(
  'A user interface.',
  { pgAdmin: required(pgAdmin) },
  {
    deprecated: 'API version v1 refuses it. Run pgAdmin as a workload of its own.',
    rules: [
      {
        // pgAdmin is required, so this refuses whatever is there.
        rule: '!has(self.pgAdmin)',
        message: 'API version v1 has no userInterface: run pgAdmin as a workload of its own',
        reason: 'FieldValueForbidden',
        versions: strict,
      },
    ],
  },
);

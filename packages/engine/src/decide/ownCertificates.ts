/**
 * Certificates that the owner brings: what of them is not there. No pod starts without them, and the kubelet alone would know why.
 *
 * | observed                                 | decision                                       |
 * |------------------------------------------|------------------------------------------------|
 * | a Secret is not there                    | condition CertificateMissing, and look again   |
 * | a key of it is not there, or empty       | condition CertificateMissing, and look again   |
 * | all is there, or it cannot be read       | nothing                                        |
 */
import type { Cluster } from '../model/cluster.ts';
import type { Observation } from '../observation.ts';
import { ownCertificateKeys } from '../render/certificateFiles.ts';
import type { Contribution } from './contribution.ts';
import { isBlank } from './secretFacts.ts';
import { secretNamed } from './secrets.ts';

/** Nobody watches a Secret that carries no label of the cluster. */
const lookAgainAfterMs = 10_000;

export const reportOwnCertificates = (cluster: Cluster, observation: Observation): Contribution => {
  const missing = ownCertificateKeys(cluster).flatMap(
    ({ secret, key }): readonly { readonly reason: string; readonly message: string }[] => {
      const found = secretNamed(secret, observation);
      if (found === 'unreadable') return [];
      if (found === 'missing') {
        return [
          { reason: 'SecretMissing', message: `Secret ${secret}, which the manifest takes a certificate from, does not exist; make it` },
        ];
      }
      if (!isBlank(found.values[key])) return [];
      return [
        { reason: 'KeyMissing', message: `Secret ${secret}, which the manifest takes a certificate from, has no key ${key}; add it` },
      ];
    },
  );
  const [first] = missing;
  if (first === undefined) return {};
  const message = [...new Set(missing.map((one) => one.message))].join('\n');
  return { conditions: [{ type: 'CertificateMissing', status: 'True', reason: first.reason, message }], lookAgainAfterMs };
};

/** ConfigMaps of the owner's, which bear no cluster's label: fetched by name when they are needed, and not remembered. */
import { kinds, NotFoundError, resourceType, type Client, type KubernetesObject } from '@pgherd/kube';

interface StoredConfigMap extends KubernetesObject {
  readonly data?: Readonly<Record<string, string>>;
}

const configMapType = resourceType<StoredConfigMap>(kinds.configMaps);

/** Its texts by key; undefined: there is none of that name. */
export const readConfigMap = async (
  client: Client,
  namespace: string,
  name: string,
  signal: AbortSignal,
): Promise<Readonly<Record<string, string>> | undefined> => {
  try {
    return (await client.get(configMapType, { namespace, name }, { signal })).data ?? {};
  } catch (error) {
    if (error instanceof NotFoundError) return undefined;
    throw error;
  }
};

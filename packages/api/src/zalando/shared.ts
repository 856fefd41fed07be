/** Types that several sections of a postgresql share. */
import { list, map, object, string } from '../schema/builders.ts';

/** Cores as text: `500m`, `2`, `0.125`; no finer than Kubernetes' own thousandths. */
export const cpuPattern = '^(\\d+m|\\d+(\\.\\d{1,3})?)$';

/** Bytes as text: `1073741824`, `512Mi`, `1.5G`. As in the original, a small k is no unit here, though it is one of Kubernetes. */
export const sizePattern = '^(\\d+(e\\d+)?|\\d+(\\.\\d+)?(e\\d+)?[EPTGMK]i?)$';

const amounts = (description: string) =>
  object(description, {
    cpu: string('CPU: 500m, 2.', { pattern: cpuPattern }),
    memory: string('Memory: 512Mi, 4Gi.', { pattern: sizePattern }),
    'hugepages-2Mi': string('Memory in huge pages of 2 MiB.', { pattern: sizePattern }),
    'hugepages-1Gi': string('Memory in huge pages of 1 GiB.', { pattern: sizePattern }),
  });

/** Fewer resources than Kubernetes' own ResourceRequirements, and amounts as text only. */
export const resources = (description: string) =>
  object(description, {
    requests: amounts("What a node has to have free. What is left out is the operator's."),
    limits: amounts("What is never exceeded. What is left out is the operator's."),
  });

export const annotations = (description: string) => map(description, string(''));

export const names = (description: string) => list(description, string(''), { nullable: true });

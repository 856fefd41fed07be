/** `spec.monitoring`: the Prometheus exporter beside PostgreSQL. */
import { resourceRequirements, secretProjection, volumeProjection } from '../kubernetes/embedded.ts';
import { list, object, string } from '../schema/builders.ts';

const exporter = object('postgres_exporter as a container beside PostgreSQL. It runs if this is set, even if empty.', {
  image: string('Image of the exporter.', { assumed: "the operator's" }),
  resources: resourceRequirements('CPU and memory of the exporter.'),
  configuration: list(
    'Files from ConfigMaps and Secrets, to be read at /conf: queries of your own, in place of the built-in ones.',
    volumeProjection(),
  ),
  customTLSSecret: secretProjection('Certificate and key (tls.crt, tls.key) with which the exporter serves HTTPS. Absent: HTTP.', {
    mapType: 'atomic',
  }),
});

export const monitoring = object('Metrics for Prometheus.', { pgmonitor: object('Metrics by postgres_exporter.', { exporter }) });

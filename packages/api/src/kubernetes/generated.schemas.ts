// Made by scripts/generate-kubernetes.ts from a Kubernetes API server's OpenAPI: do not edit.
import type { StructuralSchema } from '../schema/structural-schema.ts';

const nodeSelectorRequirementSchema: StructuralSchema = { type: "object", properties: { key: { type: "string" }, operator: { type: "string" }, values: { type: "array", items: { type: "string" }, 'x-kubernetes-list-type': "atomic" } }, required: ["key", "operator"] };

const nodeSelectorTermSchema: StructuralSchema = { type: "object", properties: { matchExpressions: { type: "array", items: nodeSelectorRequirementSchema, 'x-kubernetes-list-type': "atomic" }, matchFields: { type: "array", items: nodeSelectorRequirementSchema, 'x-kubernetes-list-type': "atomic" } }, 'x-kubernetes-map-type': "atomic" };

const preferredSchedulingTermSchema: StructuralSchema = { type: "object", properties: { preference: nodeSelectorTermSchema, weight: { type: "integer", format: "int32" } }, required: ["weight", "preference"] };

const nodeSelectorSchema: StructuralSchema = { type: "object", properties: { nodeSelectorTerms: { type: "array", items: nodeSelectorTermSchema, 'x-kubernetes-list-type': "atomic" } }, required: ["nodeSelectorTerms"], 'x-kubernetes-map-type': "atomic" };

export const nodeAffinitySchema: StructuralSchema = { type: "object", properties: { preferredDuringSchedulingIgnoredDuringExecution: { type: "array", items: preferredSchedulingTermSchema, 'x-kubernetes-list-type': "atomic" }, requiredDuringSchedulingIgnoredDuringExecution: nodeSelectorSchema } };

const labelSelectorRequirementSchema: StructuralSchema = { type: "object", properties: { key: { type: "string" }, operator: { type: "string" }, values: { type: "array", items: { type: "string" }, 'x-kubernetes-list-type': "atomic" } }, required: ["key", "operator"] };

export const labelSelectorSchema: StructuralSchema = { type: "object", properties: { matchExpressions: { type: "array", items: labelSelectorRequirementSchema, 'x-kubernetes-list-type': "atomic" }, matchLabels: { type: "object", additionalProperties: { type: "string" } } }, 'x-kubernetes-map-type': "atomic" };

const podAffinityTermSchema: StructuralSchema = { type: "object", properties: { labelSelector: labelSelectorSchema, matchLabelKeys: { type: "array", items: { type: "string" }, 'x-kubernetes-list-type': "atomic" }, mismatchLabelKeys: { type: "array", items: { type: "string" }, 'x-kubernetes-list-type': "atomic" }, namespaceSelector: labelSelectorSchema, namespaces: { type: "array", items: { type: "string" }, 'x-kubernetes-list-type': "atomic" }, topologyKey: { type: "string" } }, required: ["topologyKey"] };

const weightedPodAffinityTermSchema: StructuralSchema = { type: "object", properties: { podAffinityTerm: podAffinityTermSchema, weight: { type: "integer", format: "int32" } }, required: ["weight", "podAffinityTerm"] };

const podAffinitySchema: StructuralSchema = { type: "object", properties: { preferredDuringSchedulingIgnoredDuringExecution: { type: "array", items: weightedPodAffinityTermSchema, 'x-kubernetes-list-type': "atomic" }, requiredDuringSchedulingIgnoredDuringExecution: { type: "array", items: podAffinityTermSchema, 'x-kubernetes-list-type': "atomic" } } };

const podAntiAffinitySchema: StructuralSchema = { type: "object", properties: { preferredDuringSchedulingIgnoredDuringExecution: { type: "array", items: weightedPodAffinityTermSchema, 'x-kubernetes-list-type': "atomic" }, requiredDuringSchedulingIgnoredDuringExecution: { type: "array", items: podAffinityTermSchema, 'x-kubernetes-list-type': "atomic" } } };

export const affinitySchema: StructuralSchema = { type: "object", properties: { nodeAffinity: nodeAffinitySchema, podAffinity: podAffinitySchema, podAntiAffinity: podAntiAffinitySchema } };

const configMapKeySelectorSchema: StructuralSchema = { type: "object", properties: { key: { type: "string" }, name: { type: "string", default: "" }, optional: { type: "boolean" } }, required: ["key"], 'x-kubernetes-map-type': "atomic" };

const objectFieldSelectorSchema: StructuralSchema = { type: "object", properties: { apiVersion: { type: "string" }, fieldPath: { type: "string" } }, required: ["fieldPath"], 'x-kubernetes-map-type': "atomic" };

const fileKeySelectorSchema: StructuralSchema = { type: "object", properties: { key: { type: "string" }, optional: { type: "boolean", default: false }, path: { type: "string" }, volumeName: { type: "string" } }, required: ["volumeName", "path", "key"], 'x-kubernetes-map-type': "atomic" };

const quantitySchema: StructuralSchema = { 'x-kubernetes-int-or-string': true, pattern: "^(\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))))?$" };

const resourceFieldSelectorSchema: StructuralSchema = { type: "object", properties: { containerName: { type: "string" }, divisor: quantitySchema, resource: { type: "string" } }, required: ["resource"], 'x-kubernetes-map-type': "atomic" };

const secretKeySelectorSchema: StructuralSchema = { type: "object", properties: { key: { type: "string" }, name: { type: "string", default: "" }, optional: { type: "boolean" } }, required: ["key"], 'x-kubernetes-map-type': "atomic" };

const envVarSourceSchema: StructuralSchema = { type: "object", properties: { configMapKeyRef: configMapKeySelectorSchema, fieldRef: objectFieldSelectorSchema, fileKeyRef: fileKeySelectorSchema, resourceFieldRef: resourceFieldSelectorSchema, secretKeyRef: secretKeySelectorSchema } };

export const envVarSchema: StructuralSchema = { type: "object", properties: { name: { type: "string" }, value: { type: "string" }, valueFrom: envVarSourceSchema }, required: ["name"] };

const configMapEnvSourceSchema: StructuralSchema = { type: "object", properties: { name: { type: "string", default: "" }, optional: { type: "boolean" } } };

const secretEnvSourceSchema: StructuralSchema = { type: "object", properties: { name: { type: "string", default: "" }, optional: { type: "boolean" } } };

export const envFromSourceSchema: StructuralSchema = { type: "object", properties: { configMapRef: configMapEnvSourceSchema, prefix: { type: "string" }, secretRef: secretEnvSourceSchema } };

const execActionSchema: StructuralSchema = { type: "object", properties: { command: { type: "array", items: { type: "string" }, 'x-kubernetes-list-type': "atomic" } } };

const hTTPHeaderSchema: StructuralSchema = { type: "object", properties: { name: { type: "string" }, value: { type: "string" } }, required: ["name", "value"] };

const intOrStringSchema: StructuralSchema = { 'x-kubernetes-int-or-string': true };

const hTTPGetActionSchema: StructuralSchema = { type: "object", properties: { host: { type: "string" }, httpHeaders: { type: "array", items: hTTPHeaderSchema, 'x-kubernetes-list-type': "atomic" }, path: { type: "string" }, port: intOrStringSchema, scheme: { type: "string" } }, required: ["port"] };

const sleepActionSchema: StructuralSchema = { type: "object", properties: { seconds: { type: "integer", format: "int64" } }, required: ["seconds"] };

const tCPSocketActionSchema: StructuralSchema = { type: "object", properties: { host: { type: "string" }, port: intOrStringSchema }, required: ["port"] };

const lifecycleHandlerSchema: StructuralSchema = { type: "object", properties: { exec: execActionSchema, httpGet: hTTPGetActionSchema, sleep: sleepActionSchema, tcpSocket: tCPSocketActionSchema } };

const lifecycleSchema: StructuralSchema = { type: "object", properties: { postStart: lifecycleHandlerSchema, preStop: lifecycleHandlerSchema, stopSignal: { type: "string" } } };

const gRPCActionSchema: StructuralSchema = { type: "object", properties: { port: { type: "integer", format: "int32" }, service: { type: "string", default: "" } }, required: ["port"] };

export const probeSchema: StructuralSchema = { type: "object", properties: { exec: execActionSchema, failureThreshold: { type: "integer", format: "int32" }, grpc: gRPCActionSchema, httpGet: hTTPGetActionSchema, initialDelaySeconds: { type: "integer", format: "int32" }, periodSeconds: { type: "integer", format: "int32" }, successThreshold: { type: "integer", format: "int32" }, tcpSocket: tCPSocketActionSchema, terminationGracePeriodSeconds: { type: "integer", format: "int64" }, timeoutSeconds: { type: "integer", format: "int32" } } };

export const containerPortSchema: StructuralSchema = { type: "object", properties: { containerPort: { type: "integer", format: "int32" }, hostIP: { type: "string" }, hostPort: { type: "integer", format: "int32" }, name: { type: "string" }, protocol: { type: "string", default: "TCP" } }, required: ["containerPort"] };

const containerResizePolicySchema: StructuralSchema = { type: "object", properties: { resourceName: { type: "string" }, restartPolicy: { type: "string" } }, required: ["resourceName", "restartPolicy"] };

const resourceClaimSchema: StructuralSchema = { type: "object", properties: { name: { type: "string" }, request: { type: "string" } }, required: ["name"] };

export const resourceRequirementsSchema: StructuralSchema = { type: "object", properties: { claims: { type: "array", items: resourceClaimSchema, 'x-kubernetes-list-type': "map", 'x-kubernetes-list-map-keys': ["name"] }, limits: { type: "object", additionalProperties: quantitySchema }, requests: { type: "object", additionalProperties: quantitySchema } } };

const containerRestartRuleOnExitCodesSchema: StructuralSchema = { type: "object", properties: { operator: { type: "string" }, values: { type: "array", items: { type: "integer", format: "int32" }, 'x-kubernetes-list-type': "set" } }, required: ["operator"] };

const containerRestartRuleSchema: StructuralSchema = { type: "object", properties: { action: { type: "string" }, exitCodes: containerRestartRuleOnExitCodesSchema }, required: ["action"] };

const appArmorProfileSchema: StructuralSchema = { type: "object", properties: { localhostProfile: { type: "string" }, type: { type: "string" } }, required: ["type"] };

const capabilitiesSchema: StructuralSchema = { type: "object", properties: { add: { type: "array", items: { type: "string" }, 'x-kubernetes-list-type': "atomic" }, drop: { type: "array", items: { type: "string" }, 'x-kubernetes-list-type': "atomic" } } };

const sELinuxOptionsSchema: StructuralSchema = { type: "object", properties: { level: { type: "string" }, role: { type: "string" }, type: { type: "string" }, user: { type: "string" } } };

const seccompProfileSchema: StructuralSchema = { type: "object", properties: { localhostProfile: { type: "string" }, type: { type: "string" } }, required: ["type"] };

const windowsSecurityContextOptionsSchema: StructuralSchema = { type: "object", properties: { gmsaCredentialSpec: { type: "string" }, gmsaCredentialSpecName: { type: "string" }, hostProcess: { type: "boolean" }, runAsUserName: { type: "string" } } };

const securityContextSchema: StructuralSchema = { type: "object", properties: { allowPrivilegeEscalation: { type: "boolean" }, appArmorProfile: appArmorProfileSchema, capabilities: capabilitiesSchema, privileged: { type: "boolean" }, procMount: { type: "string" }, readOnlyRootFilesystem: { type: "boolean" }, runAsGroup: { type: "integer", format: "int64" }, runAsNonRoot: { type: "boolean" }, runAsUser: { type: "integer", format: "int64" }, seLinuxOptions: sELinuxOptionsSchema, seccompProfile: seccompProfileSchema, windowsOptions: windowsSecurityContextOptionsSchema } };

const volumeDeviceSchema: StructuralSchema = { type: "object", properties: { devicePath: { type: "string" }, name: { type: "string" } }, required: ["name", "devicePath"] };

const volumeMountSchema: StructuralSchema = { type: "object", properties: { mountPath: { type: "string" }, mountPropagation: { type: "string" }, name: { type: "string" }, readOnly: { type: "boolean" }, recursiveReadOnly: { type: "string" }, subPath: { type: "string" }, subPathExpr: { type: "string" } }, required: ["name", "mountPath"] };

export const containerSchema: StructuralSchema = { type: "object", properties: { args: { type: "array", items: { type: "string" }, 'x-kubernetes-list-type': "atomic" }, command: { type: "array", items: { type: "string" }, 'x-kubernetes-list-type': "atomic" }, env: { type: "array", items: envVarSchema, 'x-kubernetes-list-type': "map", 'x-kubernetes-list-map-keys': ["name"] }, envFrom: { type: "array", items: envFromSourceSchema, 'x-kubernetes-list-type': "atomic" }, image: { type: "string" }, imagePullPolicy: { type: "string" }, lifecycle: lifecycleSchema, livenessProbe: probeSchema, name: { type: "string" }, ports: { type: "array", items: containerPortSchema, 'x-kubernetes-list-type': "map", 'x-kubernetes-list-map-keys': ["containerPort", "protocol"] }, readinessProbe: probeSchema, resizePolicy: { type: "array", items: containerResizePolicySchema, 'x-kubernetes-list-type': "atomic" }, resources: resourceRequirementsSchema, restartPolicy: { type: "string" }, restartPolicyRules: { type: "array", items: containerRestartRuleSchema, 'x-kubernetes-list-type': "atomic" }, securityContext: securityContextSchema, startupProbe: probeSchema, stdin: { type: "boolean" }, stdinOnce: { type: "boolean" }, terminationMessagePath: { type: "string" }, terminationMessagePolicy: { type: "string" }, tty: { type: "boolean" }, volumeDevices: { type: "array", items: volumeDeviceSchema, 'x-kubernetes-list-type': "map", 'x-kubernetes-list-map-keys': ["devicePath"] }, volumeMounts: { type: "array", items: volumeMountSchema, 'x-kubernetes-list-type': "map", 'x-kubernetes-list-map-keys': ["mountPath"] }, workingDir: { type: "string" } }, required: ["name"] };

export const localObjectReferenceSchema: StructuralSchema = { type: "object", properties: { name: { type: "string", default: "" } }, 'x-kubernetes-map-type': "atomic" };

const typedLocalObjectReferenceSchema: StructuralSchema = { type: "object", properties: { apiGroup: { type: "string" }, kind: { type: "string" }, name: { type: "string" } }, required: ["kind", "name"], 'x-kubernetes-map-type': "atomic" };

const typedObjectReferenceSchema: StructuralSchema = { type: "object", properties: { apiGroup: { type: "string" }, kind: { type: "string" }, name: { type: "string" }, namespace: { type: "string" } }, required: ["kind", "name"] };

const volumeResourceRequirementsSchema: StructuralSchema = { type: "object", properties: { limits: { type: "object", additionalProperties: quantitySchema }, requests: { type: "object", additionalProperties: quantitySchema } } };

export const persistentVolumeClaimSpecSchema: StructuralSchema = { type: "object", properties: { accessModes: { type: "array", items: { type: "string" }, 'x-kubernetes-list-type': "atomic" }, dataSource: typedLocalObjectReferenceSchema, dataSourceRef: typedObjectReferenceSchema, resources: volumeResourceRequirementsSchema, selector: labelSelectorSchema, storageClassName: { type: "string" }, volumeAttributesClassName: { type: "string" }, volumeMode: { type: "string" }, volumeName: { type: "string" } } };

const keyToPathSchema: StructuralSchema = { type: "object", properties: { key: { type: "string" }, mode: { type: "integer", format: "int32" }, path: { type: "string" } }, required: ["key", "path"] };

export const secretProjectionSchema: StructuralSchema = { type: "object", properties: { items: { type: "array", items: keyToPathSchema, 'x-kubernetes-list-type': "atomic" }, name: { type: "string", default: "" }, optional: { type: "boolean" } } };

export const configMapProjectionSchema: StructuralSchema = { type: "object", properties: { items: { type: "array", items: keyToPathSchema, 'x-kubernetes-list-type': "atomic" }, name: { type: "string", default: "" }, optional: { type: "boolean" } } };

export const tolerationSchema: StructuralSchema = { type: "object", properties: { effect: { type: "string" }, key: { type: "string" }, operator: { type: "string" }, tolerationSeconds: { type: "integer", format: "int64" }, value: { type: "string" } } };

export const topologySpreadConstraintSchema: StructuralSchema = { type: "object", properties: { labelSelector: labelSelectorSchema, matchLabelKeys: { type: "array", items: { type: "string" }, 'x-kubernetes-list-type': "atomic" }, maxSkew: { type: "integer", format: "int32" }, minDomains: { type: "integer", format: "int32" }, nodeAffinityPolicy: { type: "string" }, nodeTaintsPolicy: { type: "string" }, topologyKey: { type: "string" }, whenUnsatisfiable: { type: "string" } }, required: ["maxSkew", "topologyKey", "whenUnsatisfiable"] };

const clusterTrustBundleProjectionSchema: StructuralSchema = { type: "object", properties: { labelSelector: labelSelectorSchema, name: { type: "string" }, optional: { type: "boolean" }, path: { type: "string" }, signerName: { type: "string" } }, required: ["path"] };

const downwardAPIVolumeFileSchema: StructuralSchema = { type: "object", properties: { fieldRef: objectFieldSelectorSchema, mode: { type: "integer", format: "int32" }, path: { type: "string" }, resourceFieldRef: resourceFieldSelectorSchema }, required: ["path"] };

const downwardAPIProjectionSchema: StructuralSchema = { type: "object", properties: { items: { type: "array", items: downwardAPIVolumeFileSchema, 'x-kubernetes-list-type': "atomic" } } };

const podCertificateProjectionSchema: StructuralSchema = { type: "object", properties: { certificateChainPath: { type: "string" }, credentialBundlePath: { type: "string" }, keyPath: { type: "string" }, keyType: { type: "string" }, maxExpirationSeconds: { type: "integer", format: "int32" }, signerName: { type: "string" } }, required: ["signerName", "keyType"] };

const serviceAccountTokenProjectionSchema: StructuralSchema = { type: "object", properties: { audience: { type: "string" }, expirationSeconds: { type: "integer", format: "int64" }, path: { type: "string" } }, required: ["path"] };

export const volumeProjectionSchema: StructuralSchema = { type: "object", properties: { clusterTrustBundle: clusterTrustBundleProjectionSchema, configMap: configMapProjectionSchema, downwardAPI: downwardAPIProjectionSchema, podCertificate: podCertificateProjectionSchema, secret: secretProjectionSchema, serviceAccountToken: serviceAccountTokenProjectionSchema } };

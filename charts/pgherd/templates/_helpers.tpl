{{- define "pgherd.name" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end }}

{{- define "pgherd.serviceAccount" -}}
{{- .Values.serviceAccount.name | default (include "pgherd.name" .) -}}
{{- end }}

{{- define "pgherd.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: operator
{{- end }}

{{- define "pgherd.labels" -}}
{{ include "pgherd.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- with .Values.extraLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "pgherd.tag" -}}
{{- .Values.imageTag | default .Chart.AppVersion -}}
{{- end }}

{{- define "pgherd.databaseImage" -}}
{{- printf "%s-postgres:%s" .Values.imagePrefix (include "pgherd.tag" .) -}}
{{- end }}

{{- /* As the operator takes them: VERSION=IMAGE,… */ -}}
{{- define "pgherd.postgresImages" -}}
{{- $ours := include "pgherd.databaseImage" . -}}
{{- $images := .Values.postgresImages | default (dict "15" $ours "17" $ours) -}}
{{- $pairs := list -}}
{{- range $version, $image := $images -}}
{{- $pairs = append $pairs (printf "%s=%s" $version $image) -}}
{{- end -}}
{{- join "," $pairs -}}
{{- end }}

{{- /* A role and what binds it to the operator's account: scope (Role or ClusterRole), name, namespace, rules, context. */ -}}
{{- define "pgherd.role" -}}
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ .scope }}
metadata:
  name: {{ .name }}
  {{- with .namespace }}
  namespace: {{ . }}
  {{- end }}
  labels:
    {{- include "pgherd.labels" .context | nindent 4 }}
rules:
  {{- .rules | nindent 2 }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ .scope }}Binding
metadata:
  name: {{ .name }}
  {{- with .namespace }}
  namespace: {{ . }}
  {{- end }}
  labels:
    {{- include "pgherd.labels" .context | nindent 4 }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: {{ .scope }}
  name: {{ .name }}
subjects:
  - kind: ServiceAccount
    name: {{ include "pgherd.serviceAccount" .context }}
    namespace: {{ .context.Release.Namespace }}
{{- end }}

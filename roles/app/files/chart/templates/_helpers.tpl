{{/*
Copyright: xaheen.runbook contributors
SPDX-License-Identifier: GPL-3.0-or-later
*/}}

{{- define "xaheen-cli.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "xaheen-cli.labels" -}}
{{ include "xaheen-cli.selector" . }}
app.kubernetes.io/version: {{ .Values.version | quote }}
app.kubernetes.io/component: application
app.kubernetes.io/part-of: xaheen
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{ include "xaheen-cli.decisions" . }}
{{- end }}

{{- define "xaheen-cli.decisions" -}}
nsm.classification: {{ .Values.classification | quote }}
gdpr.compliant: {{ .Values.gdprCompliant | quote }}
{{- end }}

{{- define "xaheen-cli.image" -}}
{{ .Values.image.reference }}{{ with .Values.image.digest }}@{{ . }}{{ end }}
{{- end }}

{{/* The autoscaler owns the number of replicas, so an upgrade keeps the number it finds. */}}
{{- define "xaheen-cli.replicas" -}}
{{- $live := lookup "apps/v1" "Deployment" .Release.Namespace .Release.Name -}}
{{- $found := dig "spec" "replicas" .Values.replicas.minimum ($live | default dict) | int -}}
{{- max $found (int .Values.replicas.minimum) | min (int .Values.replicas.maximum) -}}
{{- end }}

{{/* One side of a network rule: addresses, or the pods of a namespace. */}}
{{- define "xaheen-cli.peers" -}}
{{- range .cidrs }}
- ipBlock:
    cidr: {{ . }}
{{- end }}
{{- with .namespace }}
- namespaceSelector:
    matchLabels:
      kubernetes.io/metadata.name: {{ . }}
  {{- with $.podLabels }}
  podSelector:
    matchLabels:
      {{- toYaml . | nindent 6 }}
  {{- end }}
{{- end }}
{{- end }}

{{- define "zapi-exporter.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "zapi-exporter.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" -}}
{{- else if contains (include "zapi-exporter.name" .) .Release.Name -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "zapi-exporter.name" .) | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "zapi-exporter.selector" -}}
app.kubernetes.io/name: {{ include "zapi-exporter.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "zapi-exporter.labels" -}}
{{ include "zapi-exporter.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "zapi-exporter.metadata" -}}
name: {{ include "zapi-exporter.fullname" . }}
namespace: {{ .Release.Namespace }}
labels:
  {{- include "zapi-exporter.labels" . | nindent 2 }}
{{- end -}}

{{- define "zapi-exporter.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "zapi-exporter.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "zapi-exporter.configSecret" -}}
{{- if and .Values.existingConfigSecret .Values.config -}}
{{- fail "set either config or existingConfigSecret, not both" -}}
{{- else if .Values.existingConfigSecret -}}
{{- .Values.existingConfigSecret -}}
{{- else if .Values.config -}}
{{- printf "%s-config" (include "zapi-exporter.fullname" .) -}}
{{- else -}}
{{- fail "the exporter has nothing to poll: set config (the exporter's config.yaml), or existingConfigSecret" -}}
{{- end -}}
{{- end -}}

{{- define "zapi-exporter.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{ .repository }}@{{ .digest }}
{{- else -}}
{{ .repository }}:{{ default $.Chart.AppVersion .tag }}
{{- end -}}
{{- end -}}
{{- end -}}

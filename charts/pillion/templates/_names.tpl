{{/* The chart's name, as label app.kubernetes.io/name. */}}
{{- define "pillion.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* The name of every object. 40 characters leave room for what is appended: Service names end at 63. */}}
{{- define "pillion.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else if contains (include "pillion.name" .) .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "pillion.name" .) | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* The service account's name. */}}
{{- define "pillion.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "pillion.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{/* The Secret that holds tls.crt and tls.key in the modes that mount one. */}}
{{- define "pillion.certificateSecret" -}}
{{- if eq .Values.certificates.mode "provided" -}}
{{- .Values.certificates.secretName -}}
{{- else -}}
{{- printf "%s-serving" (include "pillion.fullname" .) -}}
{{- end -}}
{{- end -}}

{{/* Every MutatingWebhookConfiguration of the release, as a JSON list: its own, the default revision's, one per tag. */}}
{{- define "pillion.webhookConfigurations" -}}
{{- $names := list (include "pillion.fullname" .) -}}
{{- if .Values.configuration.defaultRevision -}}
{{- $names = append $names (printf "%s-default-revision" (include "pillion.fullname" .)) -}}
{{- end -}}
{{- range .Values.revisionTags -}}
{{- $names = append $names (printf "%s-revision-tag-%s" (include "pillion.fullname" $) .) -}}
{{- end -}}
{{- toJson $names -}}
{{- end -}}

{{/* The webhook's image. */}}
{{- define "pillion.image" -}}
{{- with .Values.image -}}
{{- with .registry }}{{ . }}/{{ end -}}
{{- .repository -}}
{{- if .digest }}@{{ .digest }}{{ else }}:{{ default $.Chart.AppVersion .tag }}{{ end -}}
{{- end -}}
{{- end -}}

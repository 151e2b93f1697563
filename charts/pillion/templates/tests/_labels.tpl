{{/* Metadata of the objects of `helm test`, which are hooks and leave nothing. Takes a list: root, namespace, weight. */}}
{{- define "pillion.testMetadata" -}}
{{- $root := index . 0 -}}
name: {{ include "pillion.fullname" $root }}-test
namespace: {{ index . 1 | quote }}
labels:
  {{- include "pillion.selectorLabels" (list $root "test") | nindent 2 }}
  sidecar.istio.io/inject: "false"
annotations:
  helm.sh/hook: test
  helm.sh/hook-weight: {{ index . 2 | quote }}
  helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
{{- end -}}

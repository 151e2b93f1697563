{{/* CEL: the capabilities that istio-init adds, as the webhook writes them. */}}
{{- define "pillion.initCapabilities" -}}
{{- if eq (dig "redirect" "backend" "auto" .Values.configuration) "legacy" -}}
['NET_ADMIN', 'NET_RAW']
{{- else -}}
['NET_ADMIN']
{{- end -}}
{{- end -}}

{{/* CEL: the images of istio-init that pass; none where the pods get no such container. */}}
{{- define "pillion.initImages" -}}
{{- if eq (dig "redirect" "mode" "init" .Values.configuration) "init" -}}
{{- concat (list .Values.configuration.redirect.image) .Values.capabilityPolicy.images | uniq | toJson -}}
{{- else -}}
[]
{{- end -}}
{{- end -}}

{{/* A binding. Takes root, suffix and the matchExpressions of the namespaceSelector. */}}
{{- define "pillion.capabilityBinding" -}}
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata:
  name: {{ include "pillion.fullname" .root }}-capabilities-{{ .suffix }}
  labels:
    {{- include "pillion.labels" .root | nindent 4 }}
spec:
  policyName: {{ include "pillion.fullname" .root }}-capabilities
  validationActions: {{ toJson .root.Values.capabilityPolicy.validationActions }}
  matchResources:
    matchPolicy: Equivalent
    objectSelector: {}
    namespaceSelector:
      matchExpressions:
        {{- .namespace | nindent 8 }}
{{- end -}}

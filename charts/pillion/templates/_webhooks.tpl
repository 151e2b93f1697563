{{/*
One webhook of a MutatingWebhookConfiguration.
Takes root, name, and the matchExpressions of both selectors as namespace and object.
Every field is said, so that the API server has nothing to fill in that could later differ; only the
caBundle is absent, for whoever writes it at run time.
*/}}
{{- define "pillion.webhook" -}}
- name: {{ .name }}.pillion.istio.io
  admissionReviewVersions: [v1]
  clientConfig:
    service:
      name: {{ include "pillion.fullname" .root }}
      namespace: {{ .root.Release.Namespace | quote }}
      path: /inject
      port: 443
    {{- with .root.Values.certificates.caBundle }}
    caBundle: {{ . }}
    {{- end }}
  rules:
    - apiGroups: [""]
      apiVersions: [v1]
      operations: [CREATE]
      resources: [pods]
      scope: Namespaced
  failurePolicy: {{ .root.Values.webhook.failurePolicy }}
  matchPolicy: Equivalent
  reinvocationPolicy: {{ .root.Values.webhook.reinvocationPolicy }}
  # Events are written, but not in a dry run.
  sideEffects: NoneOnDryRun
  timeoutSeconds: {{ .root.Values.webhook.timeoutSeconds }}
  namespaceSelector:
    matchExpressions:
      {{- .namespace | nindent 6 }}
      # Were we to see our own pods or the system's, one outage could keep itself alive.
      - key: kubernetes.io/metadata.name
        operator: NotIn
        values: [{{ .root.Release.Namespace | quote }}, kube-system, kube-public, kube-node-lease]
  objectSelector:
    matchExpressions:
      {{- .object | nindent 6 }}
  matchConditions:
    # The node's own network cannot be redirected; those who ask for it get a warning from us.
    - name: not-host-network
      expression: {{ `!object.spec.?hostNetwork.orValue(false) || object.metadata.?labels['sidecar.istio.io/inject'].orValue('') == 'true'` | quote }}
    # What kubelet shows of a static pod; it runs already.
    - name: not-mirror-pod
      expression: {{ `!('kubernetes.io/config.mirror' in object.metadata.?annotations.orValue({}))` | quote }}
{{- end -}}

{{/* The webhooks by which a revision or tag is named. Takes root and revisions, a list. */}}
{{- define "pillion.revisionWebhooks" -}}
# A pod in a namespace that names the revision, unless it opts out.
{{ include "pillion.webhook" (dict "root" .root "name" "rev.namespace"
  "namespace" (printf "- key: istio.io/rev\n  operator: In\n  values: %s\n- key: istio-injection\n  operator: DoesNotExist" (toJson .revisions))
  "object" "- key: sidecar.istio.io/inject\n  operator: NotIn\n  values: [\"false\"]") }}
# A pod that names the revision itself, in a namespace that says nothing.
{{ include "pillion.webhook" (dict "root" .root "name" "rev.object"
  "namespace" "- key: istio.io/rev\n  operator: DoesNotExist\n- key: istio-injection\n  operator: DoesNotExist"
  "object" (printf "- key: sidecar.istio.io/inject\n  operator: NotIn\n  values: [\"false\"]\n- key: istio.io/rev\n  operator: In\n  values: %s" (toJson .revisions))) }}
{{- end -}}

{{/* The webhooks of the default revision, for who names none. Takes root. */}}
{{- define "pillion.defaultWebhooks" -}}
# A pod in a namespace labelled istio-injection=enabled, unless it opts out.
{{ include "pillion.webhook" (dict "root" . "name" "namespace"
  "namespace" "- key: istio-injection\n  operator: In\n  values: [enabled]"
  "object" "- key: sidecar.istio.io/inject\n  operator: NotIn\n  values: [\"false\"]") }}
# A pod that asks for a sidecar without naming a revision, in a namespace that says nothing.
{{ include "pillion.webhook" (dict "root" . "name" "object"
  "namespace" "- key: istio-injection\n  operator: DoesNotExist\n- key: istio.io/rev\n  operator: DoesNotExist"
  "object" "- key: sidecar.istio.io/inject\n  operator: In\n  values: [\"true\"]\n- key: istio.io/rev\n  operator: DoesNotExist") }}
{{- end -}}

{{/* Annotations of a MutatingWebhookConfiguration, as YAML. */}}
{{- define "pillion.webhookAnnotations" -}}
{{- $annotations := deepCopy .Values.webhook.annotations -}}
{{- if eq .Values.certificates.mode "cert-manager" -}}
{{- $_ := set $annotations "cert-manager.io/inject-ca-from" (printf "%s/%s-serving" .Release.Namespace (include "pillion.fullname" .)) -}}
{{- end -}}
{{- toYaml $annotations -}}
{{- end -}}

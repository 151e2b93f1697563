{{/* Values that are fine one by one and wrong together; the schema knows the rest. */}}
{{- define "pillion.validate" -}}
{{- $revision := .Values.configuration.revision -}}
{{- range .Values.revisionTags -}}
{{- if eq . $revision -}}
{{- fail (printf "revisionTags: got %q, expected a name other than configuration.revision" .) -}}
{{- end -}}
{{- if eq . "default" -}}
{{- fail "revisionTags: got \"default\", expected configuration.defaultRevision: true instead" -}}
{{- end -}}
{{- end -}}
{{- include "pillion.validateLabels" (list "commonLabels" .Values.commonLabels) -}}
{{- include "pillion.validateLabels" (list "podLabels" .Values.podLabels) -}}
{{- with .Values.updateStrategy -}}
{{- if and (eq (int .maxUnavailable) 0) (eq (int .maxSurge) 0) -}}
{{- fail "updateStrategy: got 0 for maxUnavailable and maxSurge, expected one of them above 0" -}}
{{- end -}}
{{- end -}}
{{- if and .Values.podDisruptionBudget.enabled (gt (int .Values.replicas) 1) (ge (int .Values.podDisruptionBudget.maxUnavailable) (int .Values.replicas)) -}}
{{- fail (printf "podDisruptionBudget.maxUnavailable: got %d, expected less than replicas, %d" (int .Values.podDisruptionBudget.maxUnavailable) (int .Values.replicas)) -}}
{{- end -}}
{{- if and .Values.metrics.enabled (eq (int .Values.metrics.port) (int .Values.server.port)) -}}
{{- fail (printf "metrics.port: got %d, expected another port than server.port" (int .Values.metrics.port)) -}}
{{- end -}}
{{- range $name := list "serviceMonitor" "prometheusRule" "dashboard" -}}
{{- if and (index $.Values.metrics $name).enabled (not $.Values.metrics.enabled) -}}
{{- fail (printf "metrics.%s.enabled: got true, expected metrics.enabled: true with it" $name) -}}
{{- end -}}
{{- end -}}
{{- /* 13 s: at most 8 while requests still come, and 5 for those in flight. */ -}}
{{- $leaving := add (int .Values.server.quietSeconds) 13 -}}
{{- if le (int .Values.terminationGracePeriodSeconds) (int $leaving) -}}
{{- fail (printf "terminationGracePeriodSeconds: got %d, expected more than %d: server.quietSeconds and 13 s of draining" (int .Values.terminationGracePeriodSeconds) $leaving) -}}
{{- end -}}
{{- if has .Values.tests.namespace (list .Release.Namespace "kube-system" "kube-public" "kube-node-lease") -}}
{{- fail (printf "tests.namespace: got %q, expected a namespace in which pods are injected" .Values.tests.namespace) -}}
{{- end -}}
{{- include "pillion.validateCertificates" . -}}
{{- if and .Values.capabilityPolicy.enabled (dig "proxy" "allowTproxy" false .Values.configuration) -}}
{{- fail "capabilityPolicy.enabled: got true, expected false with configuration.proxy.allowTproxy: a transparent proxy adds NET_ADMIN itself" -}}
{{- end -}}
{{- end -}}

{{/* The values of one certificate mode in another one would be silently ignored. */}}
{{- define "pillion.validateCertificates" -}}
{{- with .Values.certificates -}}
{{- if and (eq .mode "provided") (not .secretName) -}}
{{- fail "certificates.secretName: got nothing, expected the name of a Secret with mode provided" -}}
{{- end -}}
{{- range $name := list "secretName" "caBundle" -}}
{{- if and (ne $.Values.certificates.mode "provided") (index $.Values.certificates $name) -}}
{{- fail (printf "certificates.%s: got a value with mode %s, expected mode provided" $name $.Values.certificates.mode) -}}
{{- end -}}
{{- end -}}
{{- if and .certManager.issuerRef (ne .mode "cert-manager") -}}
{{- fail (printf "certificates.certManager.issuerRef: got a value with mode %s, expected mode cert-manager" .mode) -}}
{{- end -}}
{{- if ge (int64 .leafSeconds) (int64 .authoritySeconds) -}}
{{- fail (printf "certificates.leafSeconds: got %d, expected less than certificates.authoritySeconds, %d" (int64 .leafSeconds) (int64 .authoritySeconds)) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Labels by which we, Helm and injectors find objects are not the user's. Takes a list: name, labels. */}}
{{- define "pillion.validateLabels" -}}
{{- $name := index . 0 -}}
{{- range $key, $_ := index . 1 -}}
{{- if or (has $key (list "sidecar.istio.io/inject" "helm.sh/chart")) (hasPrefix "app.kubernetes.io/" $key) -}}
{{- fail (printf "%s: got %q, expected no label that the chart sets itself" $name $key) -}}
{{- end -}}
{{- end -}}
{{- end -}}

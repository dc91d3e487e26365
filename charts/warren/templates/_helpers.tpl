{{/* The name of what the release makes: "warren" once, not "warren-warren". */}}
{{- define "warren.name" -}}
{{- if contains "warren" .Release.Name -}}
{{ .Release.Name | trunc 50 | trimSuffix "-" }}
{{- else -}}
{{ printf "%s-warren" .Release.Name | trunc 50 | trimSuffix "-" }}
{{- end -}}
{{- end }}

{{- define "warren.serviceAccount" -}}
{{ .Values.serviceAccount.name | default (include "warren.name" .) }}
{{- end }}

{{- define "warren.selector" -}}
app.kubernetes.io/name: warren-operator
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "warren.labels" -}}
{{ include "warren.selector" . }}
app.kubernetes.io/component: operator
app.kubernetes.io/part-of: warren
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "warren.image" -}}
{{ .image.repository }}:{{ .image.tag | default .version }}
{{- end }}

{{/*
What the operator may do in each namespace that it cares for. Verbs follow its code: it writes children by server-side
apply (create and patch), leaves their removal to Kubernetes' garbage collection, and reads Secrets by name, never in bulk.
*/}}
{{- define "warren.rules" -}}
- apiGroups: [warren.dev]
  resources: [brokerclusters]
  verbs: [get, list, watch]
- apiGroups: [warren.dev]
  resources: [queues, policies, users]
  verbs: [get, list, watch, patch]
- apiGroups: [warren.dev]
  resources: [brokerclusters/status, queues/status, policies/status, users/status]
  verbs: [patch]
# An owner reference that blocks the owner's deletion asks for this verb where OwnerReferencesPermissionEnforcement is on.
- apiGroups: [warren.dev]
  resources: [brokerclusters/finalizers, users/finalizers]
  verbs: [update]
- apiGroups: [""]
  resources: [configmaps, services, serviceaccounts]
  verbs: [get, list, watch, create, patch]
- apiGroups: [""]
  resources: [secrets]
  verbs: [get, create, patch]
- apiGroups: [apps]
  resources: [statefulsets]
  verbs: [get, list, watch, create, patch]
- apiGroups: [rbac.authorization.k8s.io]
  resources: [roles, rolebindings]
  verbs: [get, list, watch, create, patch]
- apiGroups: [""]
  resources: [events]
  verbs: [create, patch]
# Granted on to brokers, which nobody may do who does not hold it.
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  verbs: [get, list, watch, update]
{{- end }}

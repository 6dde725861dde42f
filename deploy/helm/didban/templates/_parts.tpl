{{- define "didban.labels" -}}
app.kubernetes.io/name: didban
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{- define "didban.selector" -}}
app.kubernetes.io/name: didban
app.kubernetes.io/instance: {{ .top.Release.Name }}
app.kubernetes.io/component: {{ .part }}
{{- end }}

{{- define "didban.image" -}}
{{- with .Values.image -}}
{{ .repository }}{{ if .digest }}@{{ .digest }}{{ else }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- end -}}
{{- end }}

{{/* of a pod: nobody, with a folder of its own, and no word with the cluster */}}
{{- define "didban.pod" -}}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with .Values.imagePullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile: {type: RuntimeDefault}
{{- end }}

{{/* of a container: it can write to its volume and to nothing else */}}
{{- define "didban.container" -}}
image: {{ include "didban.image" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  privileged: false
  readOnlyRootFilesystem: true
  runAsNonRoot: true
  capabilities: {drop: [ALL]}
{{- end }}

{{/* asks from within: on loopback, where nobody else is */}}
{{- define "didban.probes" -}}
startupProbe: {exec: {command: {{ . | toJson }}}, periodSeconds: 5, timeoutSeconds: 10, failureThreshold: 180}
livenessProbe: {exec: {command: {{ . | toJson }}}, periodSeconds: 30, timeoutSeconds: 10, failureThreshold: 4}
readinessProbe: {exec: {command: {{ . | toJson }}}, periodSeconds: 30, timeoutSeconds: 10}
{{- end }}

{{- define "didban.claim" -}}
- metadata: {name: data}
  spec:
    accessModes: [ReadWriteOnce]
    {{- with .className }}
    storageClassName: {{ . | quote }}
    {{- end }}
    resources: {requests: {storage: {{ .size | quote }}}}
{{- end }}

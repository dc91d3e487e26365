#!/bin/bash
# keys.sh NODE…: makes the cluster's certificate authorities, certificates and kubeconfig files, and those of the named nodes.
. "$(dirname "$0")/settings.sh"
mkdir -p "$KEYS" "$KUBECONFIGS"
cd "$KEYS"

new_key() { openssl ecparam -name prime256v1 -genkey -noout -out "$1.key" 2>/dev/null; }

new_authority() {
  new_key "$1"
  openssl req -x509 -new -key "$1.key" -subj "/CN=$1" -days 3650 -out "$1.crt" 2>/dev/null
}

# new_certificate NAME AUTHORITY SUBJECT USAGE [ALTERNATIVE-NAMES]
new_certificate() {
  new_key "$1"
  {
    echo 'keyUsage = digitalSignature, keyEncipherment'
    echo "extendedKeyUsage = $4"
    [ -z "${5:-}" ] || echo "subjectAltName = $5"
  } > "$1.extensions"
  openssl req -new -key "$1.key" -subj "$3" 2>/dev/null |
    openssl x509 -req -CA "$2.crt" -CAkey "$2.key" -set_serial "0x$(openssl rand -hex 8)" -days 3650 \
      -extfile "$1.extensions" -out "$1.crt" 2>/dev/null
}

# new_client NAME SUBJECT: a client certificate, and the kubeconfig that carries it
new_client() {
  new_certificate "$1" ca "$2" clientAuth
  cat > "$KUBECONFIGS/$1" <<EOF
apiVersion: v1
kind: Config
current-context: e2e
contexts:
  - name: e2e
    context: {cluster: e2e, user: e2e}
clusters:
  - name: e2e
    cluster:
      server: https://$CONTROL_PLANE:6443
      certificate-authority-data: $(base64 -w0 ca.crt)
users:
  - name: e2e
    user:
      client-certificate-data: $(base64 -w0 "$1.crt")
      client-key-data: $(base64 -w0 "$1.key")
EOF
}

names=DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:kubernetes.default.svc.cluster.local
addresses=IP:$API_SERVICE,IP:$CONTROL_PLANE,IP:127.0.0.1
new_authority ca
new_authority front-proxy-ca
new_key service-accounts
openssl ec -in service-accounts.key -pubout -out service-accounts.pub 2>/dev/null
new_certificate apiserver ca /CN=kube-apiserver serverAuth "$names,$addresses"
new_certificate apiserver-kubelet ca /O=system:masters/CN=apiserver-kubelet clientAuth
new_certificate front-proxy front-proxy-ca /CN=front-proxy clientAuth
new_client admin /O=system:masters/CN=e2e-admin
new_client controller-manager /CN=system:kube-controller-manager
new_client scheduler /CN=system:kube-scheduler
new_client kube-proxy /CN=system:kube-proxy
new_client netpol /CN=e2e:netpol
for node in "$@"; do new_client "node-$node" "/O=system:nodes/CN=system:node:$node"; done

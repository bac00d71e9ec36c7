#!/bin/sh
# Copies this example to a folder of your own and gives it a client CA whose key you have:
#   examples/mutual-tls/prepare.sh FOLDER
set -eu
here=$(cd "$(dirname "$0")" && pwd)
folder=${1:?name a folder to make, for example /tmp/mutual-tls}
mkdir -p "$folder/manifests"
cp "$here/ingress.yaml" "$here/doorward.yaml" "$folder/manifests/"
umask 077
cd "$folder"

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 \
    -subj "/CN=Example client CA" -keyout ca.key -out ca.crt 2>/dev/null
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=partner-1" \
    -keyout client.key -out client.csr 2>/dev/null
echo 'extendedKeyUsage=clientAuth' >client.ext
openssl x509 -req -in client.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 90 \
    -extfile client.ext -out client.crt 2>/dev/null
rm client.csr client.ext

cat >manifests/client-ca.yaml <<SECRET
apiVersion: v1
kind: Secret
metadata:
  namespace: doorward-system
  name: client-ca
  labels: {doorward.dev/certificate-id: client-ca}
data:
  ca.crt: $(base64 -w0 <ca.crt)
SECRET
echo "made $folder/{manifests/,client.crt,client.key}"

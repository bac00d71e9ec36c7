#!/bin/sh
# Makes the certificates of this example's tour: a small CA, one certificate for the store and
# one in a Secret. Private keys do not belong into a repository, so git ignores what it writes.
set -eu
cd "$(dirname "$0")"
mkdir -p certificates
umask 077
cd certificates

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 \
    -subj "/CN=Example CA" -keyout ca.key -out ca.crt 2>/dev/null

# leaf FILE HOST...
leaf() {
    file=$1
    shift
    names=$(printf 'DNS:%s,' "$@")
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" \
        -keyout "$file.key" -out "$file.csr" 2>/dev/null
    printf 'subjectAltName=%s\nextendedKeyUsage=serverAuth\n' "${names%,}" >"$file.ext"
    openssl x509 -req -in "$file.csr" -CA ca.crt -CAkey ca.key -CAcreateserial -days 90 \
        -extfile "$file.ext" -out "$file.crt" 2>/dev/null
    rm "$file.csr" "$file.ext"
}

leaf shop shop.test www.shop.test
leaf blog blog.test

cat >blog-tls.yaml <<SECRET
apiVersion: v1
kind: Secret
type: kubernetes.io/tls
metadata: {namespace: blog, name: blog-tls}
data:
  tls.crt: $(base64 -w0 <blog.crt)
  tls.key: $(base64 -w0 <blog.key)
SECRET
echo "made examples/alb/certificates/{ca.crt,shop.crt,shop.key,blog-tls.yaml}"

#!/bin/sh
# Copies this example to a folder of your own and runs Pebble for it, until Ctrl-C:
#   examples/acme/pebble.sh FOLDER
set -eu
here=$(cd "$(dirname "$0")" && pwd)
folder=${1:?name a folder to make, for example /tmp/acme}
# Where `cargo xtask peers` puts what the machine has not.
PATH="$PATH:$here/../../target/peers/bin"
for tool in pebble pebble-challtestsrv openssl; do
    command -v "$tool" >/dev/null || {
        echo "there is no $tool: run 'cargo xtask peers', or 'apt install pebble openssl' as root" >&2
        exit 1
    }
done

mkdir -p "$folder/manifests"
cp "$here/class.yaml" "$here/shop.yaml" "$here/doorward.yaml" "$folder/manifests/"
umask 077
cd "$folder"

# Who signs the certificate of Pebble's own server. What Pebble issues has another root, which it
# makes anew with each start.
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 \
    -subj "/CN=Pebble's server" -keyout ca.key -out ca.crt 2>/dev/null
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=localhost" \
    -keyout pebble.key -out pebble.csr 2>/dev/null
printf 'subjectAltName=DNS:localhost\nextendedKeyUsage=serverAuth\n' >pebble.ext
openssl x509 -req -in pebble.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 90 \
    -extfile pebble.ext -out pebble.crt 2>/dev/null
rm pebble.csr pebble.ext
sed "s|^    server: .*|&\n    caBundle: $(base64 -w0 <ca.crt)|" "$here/issuer.yaml" >manifests/issuer.yaml

# It looks for proofs where Doorward's listeners are bound, instead of on ports 80 and 443.
cat >pebble.json <<JSON
{"pebble": {
  "listenAddress": "127.0.0.1:14000", "managementListenAddress": "127.0.0.1:14001",
  "certificate": "pebble.crt", "privateKey": "pebble.key",
  "httpPort": 8080, "tlsPort": 8443, "ocspResponderURL": ""
}}
JSON

# Every name is on this machine.
pebble-challtestsrv -dns01 127.0.0.1:14053 -management 127.0.0.1:14055 -defaultIPv6 "" \
    -http01 "" -https01 "" -tlsalpn01 "" &
dns=$!
PEBBLE_VA_NOSLEEP=1 pebble -config pebble.json -strict -dnsserver 127.0.0.1:14053 &
ca=$!
trap 'kill $dns $ca 2>/dev/null' EXIT
trap 'exit 0' INT TERM
echo "made $folder/{manifests/,ca.crt}; Pebble is at https://localhost:14000/dir"
wait $ca

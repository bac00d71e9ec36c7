//! The examples under `--help`.

pub const ROOT: &str = "\
Examples:
  doorward run --manifests examples/quickstart --port-map 443=8443,80=8080
  doorward check examples/quickstart
  doorward plan examples/quickstart
  doorward get listeners
  doorward certificate upload --cert shop.crt --key shop.key --id 756-cn-hangzhou

Exit codes: 0 done; 1 failed, or problems found; 2 wrong usage. `doorward pki` has more: see
`doorward pki status --help`.";

pub const RUN: &str = "\
Flags beat doorward.yaml, which beats the defaults.

Examples:
  doorward run --manifests examples/quickstart --port-map 443=8443,80=8080
  doorward run --manifests a b --state /var/lib/doorward --bind 10.0.0.5 --log-format json
  doorward run --kube --context staging --port-map 443=8443,80=8080
  doorward run --manifests mesh/ --sds unix:/run/doorward/sds.sock";

pub const CHECK: &str = "\
Exits with 1 if anything is rejected or warned about.

Examples:
  doorward check examples/quickstart
  doorward check manifests/ -o json | jq '.verdicts[] | select(.state != \"Accepted\")'";

pub const PLAN: &str = "\
Reads the manifests, the settings and the state folder, also of a Doorward that is running; or with
--kube all of that from a cluster. Asks no issuer, and writes nothing. Exits with 1 if something cannot be ordered, or `doorward check` would.

Examples:
  doorward plan examples/quickstart
  doorward plan manifests/ --state /var/lib/doorward
  doorward plan --kube --context staging --config doorward.yaml
  doorward plan manifests/ -o json | jq '.orders[] | select(.course == \"Order\")'";

pub const GET: &str = "\
Examples:
  doorward get listeners
  doorward get verdicts -o json
  doorward get sds
  doorward get certificates --admin 127.0.0.1:15010";

pub const DESCRIBE: &str = "\
Examples:
  doorward describe listener edge-lb:443
  doorward describe certificate shop/web-tls
  doorward describe loadbalancer edge-lb
  doorward describe order shop/web-tls";

pub const CERTIFICATE: &str = "\
Examples:
  doorward certificate upload --cert shop.crt --key shop.key --id 756-cn-hangzhou
  doorward certificate list
  doorward certificate delete 756-cn-hangzhou";

pub const LISTENER: &str = "\
Examples:
  doorward loadbalancer read-only edge-lb off
  doorward listener set-default edge-lb:443 756-cn-hangzhou
  doorward listener add edge-lb:443 shop/web-tls
  doorward loadbalancer read-only edge-lb on";

pub const LOAD_BALANCER: &str = "\
While read-only mode is on (as it is from the start) listeners follow the manifests alone.
When it is off, `listener set-default` holds across reconciles; added and removed certificates
hold until the next change of a manifest.

Example:
  doorward loadbalancer read-only edge-lb off";

pub const CRDS: &str = "\
Example:
  doorward crds | kubectl apply --server-side -f -";

pub const COMPLETIONS: &str = "\
Examples:
  doorward completions bash > ~/.local/share/bash-completion/completions/doorward
  doorward completions zsh > ~/.zfunc/_doorward";

pub const ORDER: &str = "\
Examples:
  doorward get orders
  doorward order renew shop/web-tls";

pub const PKI: &str = "\
Examples:
  doorward pki status --inventory prod.yaml
  doorward pki plan --inventory prod.yaml
  doorward pki renew --inventory prod.yaml
  doorward pki rollback --inventory prod.yaml";

pub const PKI_STATUS: &str = "\
Exit codes: 0 all is well; 1 something ends within --expiring-within; 2 something ends within
14 days or has ended; 3 files, keys and processes do not go together; 4 a machine could not be
looked at, or wrong usage.

Examples:
  doorward pki status --inventory prod.yaml
  doorward pki status --expiring-within 90d -o json
  doorward pki status -o prometheus > /var/lib/node_exporter/pki.prom";

//! Manifests that several stories write.

/// One load balancer `web` with listeners on 80 and 443.
pub const CLASS: &str = "\
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {name: web}
spec: {controller: doorward.dev/ingress}
";

/// Settings under which hosts without a certificate get one of the own CA.
pub const OWN_CA: &str = "defaultIssuer: local\n";

/// An Ingress of class `web` that answers `text` for `host`, over TLS as `tls` says:
/// `{hosts: [a.test], secretName: a-tls}`.
pub fn fixed(namespace: &str, name: &str, host: &str, tls: &str, text: &str) -> String {
    ingress("web", namespace, name, host, tls, text)
}

/// As [`fixed`], of any class.
pub fn ingress(
    class: &str,
    namespace: &str,
    name: &str,
    host: &str,
    tls: &str,
    text: &str,
) -> String {
    let action = format!(
        r#"[{{"type": "FixedResponse", "FixedResponseConfig": {{"contentType": "text/plain", "httpCode": "200", "content": "{text}"}}}}]"#
    );
    format!(
        "apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  namespace: {namespace}
  name: {name}
  annotations:
    alb.ingress.kubernetes.io/actions.answer: '{action}'
spec:
  ingressClassName: {class}
  tls: [{tls}]
  rules:
  - host: {host}
    http:
      paths:
      - path: /
        pathType: Prefix
        backend: {{service: {{name: answer, port: {{name: use-annotation}}}}}}
"
    )
}

/// An IngressClass `alb` and its AlbConfig `edge-lb`, with `certificates` below listener 443:
/// `certificates: [{CertificateId: a, IsDefault: true}]`, or nothing.
pub fn edge_lb(certificates: &str) -> String {
    format!(
        "apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {{name: alb}}
spec:
  controller: ingress.k8s.alibabacloud/alb
  parameters: {{apiGroup: alibabacloud.com, kind: AlbConfig, name: edge-lb}}
---
apiVersion: alibabacloud.com/v1
kind: AlbConfig
metadata: {{name: edge-lb}}
spec:
  config: {{name: edge-lb}}
  listeners:
  - {{port: 80, protocol: HTTP}}
  - port: 443
    protocol: HTTPS
    {certificates}
"
    )
}

//! Bootstraps as tests need them: one TLS listener whose certificates come over SDS.

use std::{fmt::Write, net::SocketAddr, path::PathBuf};

/// How Envoy asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Discovery {
    /// A stream for each secret, state of the world.
    StateOfTheWorld,
    /// A stream for each secret, Delta.
    Delta,
    /// One stream for all.
    AggregatedStateOfTheWorld,
    AggregatedDelta,
}

/// Where the SDS server is.
#[derive(Clone, Debug)]
pub enum Server {
    Tcp(SocketAddr),
    Unix(PathBuf),
    /// With a client certificate: PEM files, and the name in the server's certificate.
    Tls {
        address: SocketAddr,
        chain: PathBuf,
        key: PathBuf,
        roots: PathBuf,
        name: String,
    },
}

/// One server name of the listener, and the secret that answers for it.
#[derive(Clone, Debug)]
pub struct Host {
    pub name: String,
    pub secret: String,
    /// The secret with the CA that clients need a certificate of.
    pub client_ca: Option<String>,
}

impl Host {
    pub fn new(name: &str, secret: &str) -> Self {
        Self { name: name.into(), secret: secret.into(), client_ca: None }
    }
}

/// One listener, `https`, on 127.0.0.1, that answers `hello` to everybody.
#[derive(Clone, Debug)]
pub struct Bootstrap {
    pub discovery: Discovery,
    pub server: Server,
    pub hosts: Vec<Host>,
    /// Ask by server name in the handshake, instead of for the secrets of `hosts`.
    pub on_demand: bool,
    /// In seconds: how long a missing secret may hold the listener up.
    pub initial_fetch_timeout: u32,
    /// 0: the system chooses.
    pub port: u16,
}

impl Bootstrap {
    pub fn new(discovery: Discovery, server: Server, hosts: Vec<Host>) -> Self {
        Self { discovery, server, hosts, on_demand: false, initial_fetch_timeout: 15, port: 0 }
    }

    /// As YAML, which is JSON where that is shorter.
    pub fn text(&self) -> String {
        let mut text = String::from("node: {id: gateway-0, cluster: istio-ingressgateway}\n");
        text.push_str("admin: {address: {socket_address: {address: 127.0.0.1, port_value: 0}}}\n");
        if let Some(kind) = self.aggregated() {
            let _ = writeln!(
                text,
                "dynamic_resources:\n  ads_config: {{api_type: {kind}, transport_api_version: V3, \
                 grpc_services: [{{envoy_grpc: {{cluster_name: sds_server}}}}]}}"
            );
        }
        text.push_str("static_resources:\n");
        text.push_str(&self.cluster());
        text.push_str(&self.listener());
        text
    }

    fn aggregated(&self) -> Option<&'static str> {
        match self.discovery {
            Discovery::AggregatedStateOfTheWorld => Some("GRPC"),
            Discovery::AggregatedDelta => Some("DELTA_GRPC"),
            Discovery::StateOfTheWorld | Discovery::Delta => None,
        }
    }

    fn cluster(&self) -> String {
        let address = match &self.server {
            Server::Tcp(address) | Server::Tls { address, .. } => format!(
                "socket_address: {{address: {}, port_value: {}}}",
                address.ip(),
                address.port()
            ),
            Server::Unix(path) => format!("pipe: {{path: {}}}", path.display()),
        };
        let mut text = format!(
            "  clusters:
  - name: sds_server
    type: STATIC
    connect_timeout: 1s
    circuit_breakers: {{thresholds: [{{max_requests: 100000, max_connections: 1000}}]}}
    load_assignment: {{cluster_name: sds_server, endpoints: [{{lb_endpoints: [{{endpoint: {{address: {{{address}}}}}}}]}}]}}
    typed_extension_protocol_options:
      envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
        \"@type\": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
        explicit_http_config: {{http2_protocol_options: {{connection_keepalive: {{interval: 30s, timeout: 5s}}}}}}
"
        );
        if let Server::Tls { chain, key, roots, name, .. } = &self.server {
            let _ = write!(
                text,
                "    transport_socket:
      name: envoy.transport_sockets.tls
      typed_config:
        \"@type\": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext
        sni: {name}
        common_tls_context:
          tls_certificates: [{{certificate_chain: {{filename: {}}}, private_key: {{filename: {}}}}}]
          validation_context: {{trusted_ca: {{filename: {}}}, match_typed_subject_alt_names: [{{san_type: DNS, matcher: {{exact: {name}}}}}]}}
",
                chain.display(),
                key.display(),
                roots.display(),
            );
        }
        text
    }

    /// The source of secrets.
    fn source(&self) -> String {
        let own_stream = |kind| {
            format!(
                "api_config_source: {{api_type: {kind}, transport_api_version: V3, \
                 set_node_on_first_message_only: true, \
                 grpc_services: [{{envoy_grpc: {{cluster_name: sds_server}}}}]}}"
            )
        };
        let from = match self.discovery {
            Discovery::StateOfTheWorld => own_stream("GRPC"),
            Discovery::Delta => own_stream("DELTA_GRPC"),
            Discovery::AggregatedStateOfTheWorld | Discovery::AggregatedDelta => "ads: {}".into(),
        };
        let timeout = self.initial_fetch_timeout;
        format!("{{resource_api_version: V3, initial_fetch_timeout: {timeout}s, {from}}}")
    }

    fn listener(&self) -> String {
        let mut text = format!(
            "  listeners:
  - name: https
    address: {{socket_address: {{address: 127.0.0.1, port_value: {}}}}}
    listener_filters:
    - name: tls_inspector
      typed_config: {{\"@type\": type.googleapis.com/envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector}}
    filter_chains:
",
            self.port
        );
        if self.on_demand {
            text.push_str(&chain("{}", &self.on_demand_context()));
        }
        for host in self.hosts.iter().filter(|_| !self.on_demand) {
            let matched = format!("{{server_names: [\"{}\"]}}", host.name);
            text.push_str(&chain(&matched, &self.context(host)));
        }
        text
    }

    fn context(&self, host: &Host) -> String {
        let source = self.source();
        let mut common = format!(
            "tls_certificate_sds_secret_configs: [{{name: \"{}\", sds_config: {source}}}]",
            host.secret
        );
        if let Some(ca) = &host.client_ca {
            let _ = write!(
                common,
                ", validation_context_sds_secret_config: {{name: \"{ca}\", sds_config: {source}}}"
            );
        }
        let client = host.client_ca.is_some();
        format!("require_client_certificate: {client}, common_tls_context: {{{common}}}")
    }

    fn on_demand_context(&self) -> String {
        let source = self.source();
        format!(
            "disable_stateless_session_resumption: true, disable_stateful_session_resumption: true, \
             common_tls_context: {{custom_tls_certificate_selector: {{name: on_demand, typed_config: {{\
             \"@type\": type.googleapis.com/envoy.extensions.transport_sockets.tls.cert_selectors.on_demand_secret.v3.Config, \
             config_source: {source}, certificate_mapper: {{name: sni, typed_config: {{\
             \"@type\": type.googleapis.com/envoy.extensions.transport_sockets.tls.cert_mappers.sni.v3.SNI, \
             default_value: no-name}}}}}}}}}}"
        )
    }
}

fn chain(matched: &str, context: &str) -> String {
    format!(
        "    - filter_chain_match: {matched}
      transport_socket:
        name: envoy.transport_sockets.tls
        typed_config: {{\"@type\": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext, {context}}}
      filters:
      - name: http
        typed_config:
          \"@type\": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: https
          route_config: {{virtual_hosts: [{{name: all, domains: [\"*\"], routes: [{{match: {{prefix: \"/\"}}, direct_response: {{status: 200, body: {{inline_string: hello}}}}}}]}}]}}
          http_filters: [{{name: router, typed_config: {{\"@type\": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}}}}]
"
    )
}

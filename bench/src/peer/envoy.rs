//! Envoy: the listener comes from a file (LDS) that it watches; a change is that file, renamed.

use std::{fs, path::Path, process::Command};

use anyhow::Result;
use serde_json::{Value, json};
use testkit::pki::Issued;

use super::Place;
use crate::site::{Site, file, replace, write_pair};

pub fn prepare(program: &Path, site: &Site, place: &Place<'_>) -> Result<Command> {
    site.write_files(place.folder)?;
    write_listener(site, place, 0)?;
    fs::write(place.folder.join("envoy.json"), bootstrap(site, place).to_string())?;
    let mut command = Command::new(program);
    command.arg("-c").arg(place.folder.join("envoy.json"));
    command.args(["--concurrency", "1", "--log-level", "warning", "--disable-hot-restart"]);
    Ok(command)
}

pub fn change(site: &Site, place: &Place<'_>, index: usize, pair: &Issued) -> Result<()> {
    write_pair(place.folder, index, pair)?;
    // Envoy compares resources, not the files that they name: each change gets names of its own.
    let marked = fs::read_dir(place.folder.join("pem"))?.count();
    for extension in ["crt", "key"] {
        let path = file(place.folder, index, extension);
        fs::copy(&path, path.with_extension(format!("{marked}.{extension}")))?;
    }
    write_listener(site, place, marked)
}

fn bootstrap(site: &Site, place: &Place<'_>) -> Value {
    let (host, port) = (site.backend.ip().to_string(), site.backend.port());
    let endpoint = json!({"address": {"socket_address": {"address": host, "port_value": port}}});
    json!({
        "admin": {"address": {"socket_address": {"address": "127.0.0.1", "port_value": place.control}}},
        "node": {"id": "bench", "cluster": "bench"},
        "dynamic_resources": {
            "lds_config": {"path_config_source": {"path": place.folder.join("listener.json")}},
        },
        "static_resources": {"clusters": [{
            "name": "backend",
            "type": "STATIC",
            "connect_timeout": "5s",
            "load_assignment": {
                "cluster_name": "backend",
                "endpoints": [{"lb_endpoints": [{"endpoint": endpoint}]}],
            },
        }]},
        "overload_manager": {"resource_monitors": [{
            "name": "envoy.resource_monitors.global_downstream_max_connections",
            "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig",
                "max_active_downstream_connections": 100_000,
            },
        }]},
    })
}

/// `changed` names the copies that a change wrote; 0 for none.
fn write_listener(site: &Site, place: &Place<'_>, changed: usize) -> Result<()> {
    let path = |index: usize, extension: &str| {
        let changed =
            file(place.folder, index, extension).with_extension(format!("{changed}.{extension}"));
        match changed.is_file() {
            true => changed,
            false => file(place.folder, index, extension),
        }
    };
    let certificates: Vec<_> = (0..site.names.len())
        .map(|index| {
            json!({
                "certificate_chain": {"filename": path(index, "crt")},
                "private_key": {"filename": path(index, "key")},
            })
        })
        .collect();
    let router = json!({
        "name": "envoy.filters.http.router",
        "typed_config": {"@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"},
    });
    let manager = json!({
        "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "bench",
        "use_remote_address": true,
        "http_filters": [router],
        "route_config": {"virtual_hosts": [{
            "name": "all",
            "domains": ["*"],
            "routes": [{"match": {"prefix": "/"}, "route": {"cluster": "backend"}}],
        }]},
    });
    let tls = json!({
        "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext",
        "common_tls_context": {
            "alpn_protocols": ["h2", "http/1.1"],
            "tls_params": {"tls_minimum_protocol_version": "TLSv1_2", "tls_maximum_protocol_version": "TLSv1_3"},
            "tls_certificates": certificates,
        },
    });
    let listener = json!({
        "@type": "type.googleapis.com/envoy.config.listener.v3.Listener",
        "name": "tls",
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": place.port}},
        "tcp_backlog_size": 4096,
        "filter_chains": [{
            "filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}],
            "transport_socket": {"name": "envoy.transport_sockets.tls", "typed_config": tls},
        }],
    });
    let document = json!({"version_info": changed.to_string(), "resources": [listener]});
    replace(&place.folder.join("listener.json"), &document.to_string())
}

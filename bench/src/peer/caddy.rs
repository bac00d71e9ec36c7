//! Caddy: one JSON document; a change is a forced reload through its admin API.

use std::{fs, net::SocketAddr, path::Path, process::Command};

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use testkit::{http, pki::Issued};

use super::Place;
use crate::site::{Site, file, write_pair};

pub fn prepare(program: &Path, site: &Site, place: &Place<'_>) -> Result<Command> {
    site.write_files(place.folder)?;
    fs::write(place.folder.join("caddy.json"), config(site, place).to_string())?;
    let mut command = Command::new(program);
    command.args(["run", "--config"]).arg(place.folder.join("caddy.json"));
    command.env("HOME", place.folder).env("XDG_DATA_HOME", place.folder);
    command.env("XDG_CONFIG_HOME", place.folder).env("GOMAXPROCS", "1");
    Ok(command)
}

pub async fn change(place: &Place<'_>, index: usize, pair: &Issued) -> Result<()> {
    write_pair(place.folder, index, pair)?;
    let config = fs::read_to_string(place.folder.join("caddy.json"))?;
    let admin = SocketAddr::from(([127, 0, 0, 1], place.control));
    let mut load = http::request("POST".parse()?, &format!("http://{admin}/load"), config);
    load.headers_mut().insert("content-type", "application/json".parse()?);
    // The configuration is the same; only the files behind it differ.
    load.headers_mut().insert("cache-control", "must-revalidate".parse()?);
    let answer = http::send(admin, load).await?;
    ensure!(answer.status.is_success(), "Caddy did not reload: {}", answer.text());
    Ok(())
}

fn config(site: &Site, place: &Place<'_>) -> Value {
    let files: Vec<_> = (0..site.names.len())
        .map(|index| {
            json!({
                "certificate": file(place.folder, index, "crt"),
                "key": file(place.folder, index, "key"),
            })
        })
        .collect();
    let server = json!({
        "listen": [format!("127.0.0.1:{}", place.port)],
        "automatic_https": {"disable": true},
        "tls_connection_policies": [{}],
        "idle_timeout": "600s",
        "routes": [{"handle": [{
            "handler": "reverse_proxy",
            "upstreams": [{"dial": site.backend.to_string()}],
        }]}],
    });
    json!({
        "admin": {"listen": format!("127.0.0.1:{}", place.control)},
        "logging": {"logs": {"default": {"level": "ERROR"}}},
        "apps": {
            "tls": {"certificates": {"load_files": files}},
            "http": {"servers": {"bench": server}},
        },
    })
}

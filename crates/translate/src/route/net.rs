//! Addresses and networks as annotations and AlbConfigs write them.

use std::net::IpAddr;

use ipnet::IpNet;

/// A network in CIDR form, or a single address.
pub(crate) fn parse_net(text: &str) -> Result<IpNet, String> {
    let text = text.trim();
    text.parse::<IpNet>()
        .or_else(|_| text.parse::<IpAddr>().map(IpNet::from))
        .map_err(|_| "this is neither an address nor a CIDR block such as 10.0.0.0/8".to_owned())
}

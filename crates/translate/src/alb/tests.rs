//! AlbConfigs, their listeners, and how Ingresses meet them.

mod listen_ports;
mod listeners;
mod settings;
mod spec;
mod tls;

//! From annotations and paths to rules.

mod actions;
mod annotations;
mod canary;
mod conditions;
mod paths;
mod settings;

# The daily commands. Each is one line of cargo, so that none is needed to work here.

# What there is to do
default:
    @just --list

# A quick look: does it compile, is it clean
check *ARGS:
    cargo clippy --workspace --all-targets {{ARGS}} -- -D warnings

# Bring the tools that tests talk to, then run every test
test *ARGS:
    cargo xtask test {{ARGS}}

# Tests of the pure crates only: seconds, not minutes
quick:
    cargo test -p model -p translate -p x509 -p issue

# Formatting, clippy, documentation, forgotten files, and the commands that docs show
lint:
    cargo xtask lint

# What the CI runs
ci:
    .ci/run

# Serve the quickstart without root: https on 8443, http on 8080
quickstart:
    cargo run --release -- run --manifests examples/quickstart --port-map 443=8443,80=8080

# Side by side with nginx, HAProxy, Caddy and Envoy; `just bench peers`, certs, idle or scan
bench NAME *ARGS:
    bench/{{NAME}} {{ARGS}}

# One fuzz target for a minute; needs a nightly toolchain and cargo-fuzz
[working-directory: 'fuzz']
fuzz TARGET SECONDS="60":
    mkdir -p corpus/{{TARGET}} seeds/{{TARGET}}
    cargo +nightly fuzz run {{TARGET}} corpus/{{TARGET}} seeds/{{TARGET}} ../examples -- -max_total_time={{SECONDS}} -dict=dictionaries/{{TARGET}}.dict

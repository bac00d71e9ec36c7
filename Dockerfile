# syntax=docker/dockerfile:1
#
#   docker build --tag doorward:0.1.0 .
#
# A static binary in an empty image. Needs BuildKit, for the cache mounts.

# The same version as rust-toolchain.toml, which is left out of the build's context: with it,
# rustup would fetch the toolchain and its lints again.
ARG RUST_VERSION=1.95.0
FROM rust:${RUST_VERSION}-alpine AS build
# aws-lc-sys and mimalloc bring C sources; a compiler with the headers of libc and the kernel is
# all that they need for musl on x86_64 and aarch64. setcap is libcap's.
RUN apk add --no-cache build-base linux-headers libcap
WORKDIR /src
COPY . .
# Rust links musl statically by default. The binary is copied out, as caches are no part of a layer.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --locked --release --package doorward \
    && mkdir -p /out/usr/local/bin /out/usr/local/libexec /out/etc/ssl/certs \
    && cp target/release/doorward /out/usr/local/bin/doorward \
    && strip /out/usr/local/bin/doorward \
    && cp /etc/ssl/certs/ca-certificates.crt /out/etc/ssl/certs/
# For deploy/daemonset, which binds ports below 1024 without being root. A copy, since a file with
# this capability does not start at all where the container was given none.
RUN cp /out/usr/local/bin/doorward /out/usr/local/libexec/doorward-low-ports \
    && setcap cap_net_bind_service=+ep /out/usr/local/libexec/doorward-low-ports

FROM scratch
COPY --from=build /out/ /
ENV PATH=/usr/local/bin
# A number, so that Kubernetes can tell that it is not root.
USER 65532:65532
ENTRYPOINT ["/usr/local/bin/doorward"]

# What a person who works on Wardline runs. `just` alone lists it.

_list:
    @just --list

# Format, lints, dependencies, who may depend on whom.
check:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets -- -D warnings
    cargo deny --all-features check bans licenses sources
    cargo test --package wardline-tests --test architecture

# Everything the README and the build run.
test:
    cargo test --workspace

# The clients and servers of other authors that tests/interop talks to, below target/interop.
interop:
    .ci/interop

# kill -9, aimed at intake, delivery, segment change and copy-forward: `just crash 100` for the long run.
crash kills="100":
    WARDLINE_CRASH_KILLS={{kills}} cargo test --release --package wardline-tests --test crash

# The power cut, as root: `just power-cut 50` for the long run.
power-cut cuts="50":
    WARDLINE_POWER_CUTS={{cuts}} cargo test --release --package wardline-tests --test power_cut

# This machine's disk, the engine on it, and the ratios between them.
bench:
    cargo run --release -- bench

# One fuzz target for a minute: config, decoder, parser, reply … See fuzz/README.md.
fuzz target seconds="60":
    RUSTC_BOOTSTRAP=1 cargo fuzz run {{target}} -- -max_total_time={{seconds}}

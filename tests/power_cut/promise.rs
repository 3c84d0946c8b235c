//! A site with a destination that accepts and one that is down, and what is held against them.

use std::collections::HashSet;
use std::net::SocketAddr;

use wardline_tests::nobody::Nobody;
use wardline_tests::sink::Sink;
use wardline_tests::site::{Engine, Site};

use crate::load::Sent;

/// What was acknowledged, and the two systems it was for.
pub(crate) struct Promise {
    acknowledged: HashSet<Sent>,
    up: Sink,
    down: Sink,
    /// Where `down` is said to be until the end.
    nobody: Nobody,
}

impl Promise {
    /// Nothing so far.
    pub(crate) fn new() -> Self {
        let (up, down) = (Sink::accepting(), Sink::accepting());
        Self { acknowledged: HashSet::new(), up, down, nobody: Nobody::new() }
    }

    /// A site whose destination `down` is down.
    pub(crate) fn site(&self) -> Site {
        let site = Site::new(env!("CARGO_BIN_EXE_wardline-under-test"), "");
        self.configure(&site, self.nobody.address());
        site
    }

    /// These were acknowledged, too.
    pub(crate) fn add(&mut self, acknowledged: Vec<Sent>) {
        self.acknowledged.extend(acknowledged);
    }

    /// How many messages were acknowledged.
    pub(crate) fn len(&self) -> usize {
        self.acknowledged.len()
    }

    /// Panics unless everything acknowledged has arrived at `up` and waits for `down`.
    pub(crate) fn hold(&self, engine: &Engine) {
        engine.wait_for_queue("up", "empty", |row| row.pending == 0);
        let arrived = recognised(&self.up);
        let mut missing: Vec<_> = self.acknowledged.difference(&arrived).collect();
        missing.sort_unstable();
        assert!(missing.is_empty(), "ACK-1: `up` never got {missing:?}");
        let for_both = self.for_both().count() as u64;
        let waiting = engine.wait_for_queue("down", "as long as what was acknowledged", |row| {
            row.pending >= for_both
        });
        assert_eq!((waiting.held, waiting.dead), (0, 0), "END-1: nobody ended them");
    }

    /// Lets `down` come up at last, and panics unless everything acknowledged for it arrives.
    pub(crate) fn hold_at_last(&self, site: &Site, engine: Engine) {
        assert!(engine.stop().success(), "a drain");
        self.configure(site, self.down.address());
        let engine = site.start();
        engine.wait_for_queue("down", "empty", |row| row.pending == 0);
        let arrived = recognised(&self.down);
        let mut missing: Vec<_> = self.for_both().filter(|sent| !arrived.contains(sent)).collect();
        missing.sort_unstable();
        assert!(missing.is_empty(), "ACK-1: `down` never got {missing:?}");
        assert!(
            arrived.iter().all(|sent| sent.goes_to_both()),
            "ROUTE-1: `down` got what is not for it"
        );
    }

    fn for_both(&self) -> impl Iterator<Item = &Sent> {
        self.acknowledged.iter().filter(|sent| sent.goes_to_both())
    }

    /// Segments so small that they change, and are let go with what is live in them copied forward, all the time.
    fn configure(&self, site: &Site, down: SocketAddr) {
        let up = self.up.address();
        site.configure(&format!(
            r#"
[store]
min_free = "1MiB"
segment_size = "256KiB"
retain_bytes = "1MiB"
retain_for = "1s"

[[listeners]]
id = "in"
bind = "127.0.0.1:0"

[[routes]]
id = "both"
match = {{ message = ["ADT"] }}
to = ["up", "down"]

[[routes]]
id = "one"
match = {{ message = ["ORU"] }}
to = ["up"]

[[destinations]]
id = "up"
kind = "mllp"
address = "{up}"
retry = {{ first = "20ms", max = "100ms" }}

[[destinations]]
id = "down"
kind = "mllp"
address = "{down}"
retry = {{ first = "20ms", max = "1s" }}
"#
        ));
    }
}

fn recognised(sink: &Sink) -> HashSet<Sent> {
    sink.arrived().iter().map(|one| Sent::recognise(&one.payload)).collect()
}

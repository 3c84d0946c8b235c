//! A small hospital with something of everything: what flows, what is refused, what nobody takes, what a person stopped.

use std::net::SocketAddr;

use wardline_engine::control::protocol::{Request, Response};
use wardline_tests::chromium::{Chromium, Screen};
use wardline_tests::nobody::Nobody;
use wardline_tests::peer::Peer;
use wardline_tests::sink::{Reply, Sink};
use wardline_tests::site::{Engine, Site};
use wardline_tests::wait;

/// The first administrator.
pub(crate) const ADMIN: &str = "r.okafor";
/// Of everybody here.
pub(crate) const PASSWORD: &str = "correct horse battery";
/// Whose messages they are: words that stand on no page unless they were asked for.
pub(crate) const PATIENT: (&str, &str) = ("70004711", "ZAPHODSON");

/// The running site. Its parts end with it.
pub(crate) struct Demo {
    pub(crate) site: Site,
    pub(crate) engine: Engine,
    pub(crate) lis: Sink,
    _registry: Sink,
    /// Where the radiology would be.
    _radiology: Nobody,
}

impl Demo {
    /// Starts it and lets it receive a few messages.
    pub(crate) fn start() -> Self {
        let lis = Sink::accepting();
        let registry = Sink::start(|_| Reply::Code("AR"));
        let radiology = Nobody::new();
        let configuration = configuration(lis.address(), registry.address(), radiology.address());
        let site = Site::new(env!("CARGO_BIN_EXE_wardline-under-test"), &configuration);
        let engine = site.start();
        let demo = Self { site, engine, lis, _registry: registry, _radiology: radiology };
        demo.receive("adt-in", "ADT^A01", 12);
        demo.receive("lab-in", "ORU^R01", 8);
        demo.lis.wait_for(20);
        demo.engine.wait_for_queue("registry", "dead letters", |row| row.dead > 0);
        demo.engine.wait_for_queue("radiology", "a failed attempt", |row| row.reason.is_some());
        let hold = Request::Hold {
            destination: "billing".to_owned(),
            by: ADMIN.to_owned(),
            reason: "their upgrade, until six".to_owned(),
        };
        assert!(matches!(demo.engine.ask(&hold), Response::Done { .. }));
        demo
    }

    /// Sends so many messages of a type to a listener; each is answered AA.
    pub(crate) fn receive(&self, listener: &str, message_type: &str, count: usize) {
        let mut peer = Peer::connect(self.engine.address(listener));
        for place in 0..count {
            let answer = peer.send(&message(message_type, &format!("{listener}-{place}")));
            assert_eq!(answer, "AA");
        }
    }

    /// The address of one of its pages.
    pub(crate) fn at(&self, path: &str) -> String {
        format!("http://{}{path}", self.engine.page())
    }

    /// Makes the first administrator, as the set-up page has it done.
    pub(crate) fn set_up(&self, browser: &Chromium) {
        let file = self.site.folder().join("data/access/setup-token");
        let token = wait::until("the set-up token", || std::fs::read_to_string(&file).ok());
        browser.open(&self.at("/setup"));
        browser.write("[name=token]", token.trim());
        browser.write("[name=name]", ADMIN);
        browser.write("[name=password]", PASSWORD);
        browser.click("form button");
        browser.wait_for("#main");
    }

    /// A browser in which this user is signed in.
    pub(crate) fn signed_in(&self, screen: Screen, name: &str) -> Chromium {
        let browser = Chromium::start(screen);
        browser.open(&self.at("/signin"));
        browser.write("[name=name]", name);
        browser.write("[name=password]", PASSWORD);
        browser.click("form button");
        browser.wait_for("#main");
        browser
    }
}

/// A message of the patient.
pub(crate) fn message(message_type: &str, control_id: &str) -> Vec<u8> {
    let (id, name) = PATIENT;
    format!(
        "MSH|^~\\&|HIS|ST-E|WARDLINE|ST-E|20260403120000||{message_type}|{control_id}|P|2.5\r\
         PID|1||{id}^^^ST-E^MR||{name}^GARBO||19420207|F\rPV1|1|I|W3^12^2\r"
    )
    .into_bytes()
}

fn configuration(lis: SocketAddr, registry: SocketAddr, radiology: SocketAddr) -> String {
    let mllp = |id: &str, address: SocketAddr| {
        format!("[[destinations]]\nid = \"{id}\"\nkind = \"mllp\"\naddress = \"{address}\"\n")
    };
    format!(
        "[engine]\nname = \"st-elsewhere\"\ndata_dir = \"data\"\n\
         [admin]\nbind = \"127.0.0.1:0\"\nenvironment = {{ name = \"St. Elsewhere\", kind = \"test\" }}\n\
         [[listeners]]\nid = \"adt-in\"\nbind = \"127.0.0.1:0\"\n\
         [[listeners]]\nid = \"lab-in\"\nbind = \"127.0.0.1:0\"\n\
         [[listeners]]\nid = \"radiology-in\"\nbind = \"127.0.0.1:0\"\n\
         [[routes]]\nid = \"admissions\"\nfrom = [\"adt-in\"]\nto = [\"lis\", \"registry\", \"radiology\", \"billing\"]\n\
         [[routes]]\nid = \"results\"\nfrom = [\"lab-in\", \"radiology-in\"]\nto = [\"lis\", \"archive\"]\n\
         {}{}{}{}\
         [[destinations]]\nid = \"archive\"\nkind = \"file\"\npath = \"archive/{{control_id}}.hl7\"\n",
        mllp("lis", lis),
        mllp("registry", registry),
        mllp("radiology", radiology),
        mllp("billing", lis),
    )
}

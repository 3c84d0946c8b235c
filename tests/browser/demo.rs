//! A small hospital with something of everything: what flows, what is refused, what nobody takes, what a person stopped.

use std::io::Write;
use std::net::SocketAddr;
use std::process::{Command, Stdio};

use wardline_engine::control::protocol::{
    DEFAULT_RATE, MessageSearch, ReplayMode, ReplayOrder, Request, Response,
};
use wardline_tests::chromium::{Chromium, Screen};
use wardline_tests::message::{answer, framed};
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
    radiology: Nobody,
    configuration: String,
}

impl Demo {
    /// Starts it and lets it receive a few messages.
    pub(crate) fn start() -> Self {
        let lis = Sink::accepting();
        let registry = Sink::start(|arrived| Reply::Raw(framed(&refusal(&arrived.control_id))));
        let radiology = Nobody::new();
        let configuration = configuration(lis.address(), registry.address(), radiology.address());
        let site = Site::new(env!("CARGO_BIN_EXE_wardline-under-test"), &configuration);
        let engine = site.start();
        let demo = Self { site, engine, lis, _registry: registry, radiology, configuration };
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
        self.receive_as(listener, message_type, listener, count);
    }

    /// The same with control ids that begin so.
    pub(crate) fn receive_as(
        &self,
        listener: &str,
        message_type: &str,
        prefix: &str,
        count: usize,
    ) {
        let mut peer = Peer::connect(self.engine.address(listener));
        for place in 0..count {
            let answer = peer.send(&message(message_type, &format!("{prefix}-{place}")));
            assert_eq!(answer, "AA");
        }
    }

    /// Sends some messages of the past in once more; it is through when this returns.
    pub(crate) fn replay_a_few(&self) {
        let search =
            MessageSearch { listener: Some("lab-in".to_owned()), ..MessageSearch::default() };
        let order = ReplayOrder {
            messages: Vec::new(),
            ranges: Vec::new(),
            search: Some(Box::new(search)),
            list: None,
            mode: ReplayMode::Resend,
            destinations: Vec::new(),
            edited: None,
            rate: DEFAULT_RATE,
        };
        let (by, reason) = (ADMIN.to_owned(), "the laboratory lost an hour".to_owned());
        let started = self.engine.ask(&Request::ReplayStart { order, count: 8, by, reason });
        assert!(matches!(started, Response::Replay(_)), "{started:?}");
        wait::until("the replay to be through", || {
            let Response::Replays { replays } = self.engine.ask(&Request::Replays { job: None })
            else {
                return None;
            };
            replays.iter().all(|row| row.state.has_ended()).then_some(())
        });
    }

    /// The radiology is there.
    pub(crate) fn radiology_comes_up(&self) -> Sink {
        Sink::in_place_of(&self.radiology, |_| Reply::Code("AA"))
    }

    /// Writes another configuration to the disk, with one listener more: `ward-in`.
    pub(crate) fn configure_another_listener(&self) {
        let more = "[[listeners]]\nid = \"ward-in\"\nbind = \"127.0.0.1:0\"\n";
        let anchor = "[[routes]]\nid = \"admissions\"";
        let text = self.configuration.replace(anchor, &format!("{more}{anchor}"));
        let text = text.replace("from = [\"adt-in\"]", "from = [\"adt-in\", \"ward-in\"]");
        self.site.configure(&text);
    }

    /// Adds a user on the machine, with the password of everybody here.
    pub(crate) fn add_user(&self, name: &str, role: &str) {
        let mut child = Command::new(env!("CARGO_BIN_EXE_wardline-under-test"))
            .args(["--config", "wardline.toml", "user", "add", name, "--role", role])
            .current_dir(self.site.folder())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .expect("the program");
        writeln!(child.stdin.take().expect("a pipe"), "{PASSWORD}").expect("it reads");
        assert!(child.wait().expect("a process").success());
    }

    /// Lets a user see content.
    pub(crate) fn grant_content(&self, name: &str) {
        let set = ["--config", "wardline.toml", "user", "set", name, "--content", "true"];
        let output = self.site.command(set);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
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

/// The registry's AR, with words in it that name the patient: peers do that.
fn refusal(control_id: &str) -> Vec<u8> {
    let said = format!("MSA|AR|{control_id}|{} is unknown here", PATIENT.1);
    let answer = String::from_utf8(answer("AR", control_id)).expect("text");
    answer.replace(&format!("MSA|AR|{control_id}"), &said).into_bytes()
}

fn configuration(lis: SocketAddr, registry: SocketAddr, radiology: SocketAddr) -> String {
    let mllp = |id: &str, address: SocketAddr| {
        format!("[[destinations]]\nid = \"{id}\"\nkind = \"mllp\"\naddress = \"{address}\"\n")
    };
    // Who is down is tried again by hand: by itself only long after the tests.
    let retry = "[destinations.retry]\nfirst = \"10min\"\nmax = \"10min\"\n";
    format!(
        "[engine]\nname = \"st-elsewhere\"\ndata_dir = \"data\"\n\
         [admin]\nbind = \"127.0.0.1:0\"\nenvironment = {{ name = \"St. Elsewhere\", kind = \"test\" }}\n\
         [[listeners]]\nid = \"adt-in\"\nbind = \"127.0.0.1:0\"\n\
         [[listeners]]\nid = \"lab-in\"\nbind = \"127.0.0.1:0\"\n\
         [[listeners]]\nid = \"radiology-in\"\nbind = \"127.0.0.1:0\"\n\
         [[routes]]\nid = \"admissions\"\nfrom = [\"adt-in\"]\nto = [\"lis\", \"registry\", \"radiology\", \"billing\"]\n\
         [[routes]]\nid = \"results\"\nfrom = [\"lab-in\", \"radiology-in\"]\nto = [\"lis\", \"archive\"]\n\
         {}{}{}{retry}{}\
         [[destinations]]\nid = \"archive\"\nkind = \"file\"\npath = \"archive/{{control_id}}.hl7\"\n",
        mllp("lis", lis),
        mllp("registry", registry),
        mllp("radiology", radiology),
        mllp("billing", lis),
    )
}

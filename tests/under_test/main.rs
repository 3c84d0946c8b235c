//! The engine as a handler author would build it, with handlers that do what handlers should not.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use wardline::{Actor, Bytes, Context, Decision, Event, Handler, Received, Subscriber, Wardline};

/// Decides by MSH-10 of the message: its first word says what to do.
struct Misbehaving;

impl Actor for Misbehaving {
    type Context = Context<Self>;
}

impl Handler<Received> for Misbehaving {
    type Result = Decision;

    fn handle(&mut self, received: Received, _: &mut Self::Context) -> Decision {
        let control_id = received.message.header().identity().control_id;
        match control_id.split('-').next().unwrap_or_default() {
            "PANIC" => panic!("asked to panic"),
            "PANICLATER" => Decision::later(async { panic!("asked to panic later") }),
            "FAIL" => Decision::fail("asked to fail"),
            "REJECT" => Decision::reject("asked to reject"),
            "SLEEP" => Decision::later(async {
                tokio::time::sleep(Duration::from_secs(3600)).await;
                Decision::Accept
            }),
            "AWAIT" => {
                let name = control_id.clone();
                Decision::later(async move { awaited(&name).await })
            }
            "BLOCK" => loop {
                std::thread::park();
            },
            "TWICE" => Decision::Emit(vec![
                received.bytes().clone(),
                renamed(&received, &format!("{control_id}-COPY")),
            ]),
            "NOTHING" => Decision::Emit(Vec::new()),
            _ => Decision::Accept,
        }
    }
}

/// Says by a file that it has begun, and accepts once there is another that says go.
async fn awaited(name: &str) -> Decision {
    if File::create(format!("{name}.begun")).is_err() {
        return Decision::fail("cannot say that it has begun");
    }
    let go = format!("{name}.go");
    while !Path::new(&go).exists() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Decision::Accept
}

/// Rejects each message with the number of the call, and says at its end how many it were.
#[derive(Default)]
struct Counting(u64);

impl Actor for Counting {
    type Context = Context<Self>;
}

impl Handler<Received> for Counting {
    type Result = Decision;

    fn handle(&mut self, _: Received, _: &mut Self::Context) -> Decision {
        self.0 += 1;
        Decision::reject(format!("call {}", self.0))
    }
}

impl Drop for Counting {
    fn drop(&mut self) {
        eprintln!("counting ends after {}", self.0);
    }
}

/// The message with another MSH-10.
fn renamed(received: &Received, control_id: &str) -> Bytes {
    let path = "MSH-10".parse().expect("a path");
    let message = received.message.set(&path, control_id).expect("a field that can be set");
    message.bytes().clone()
}

/// Where a test wants to read the events, a line for each.
const EVENTS: &str = "WARDLINE_TEST_EVENTS";

/// Writes events down, and panics at the end of the first connection.
struct Scribe(File);

impl Subscriber for Scribe {
    fn event(&self, event: &Event) {
        writeln!(&self.0, "{event:?}").expect("a writable file");
        if matches!(event, Event::ConnectionStop { .. }) {
            panic!("asked to panic by the end of a connection");
        }
    }
}

fn main() -> ExitCode {
    let wardline = Wardline::new()
        .handler("misbehaving", || Misbehaving)
        .handler("counting", Counting::default);
    match std::env::var_os(EVENTS) {
        None => wardline,
        Some(path) => wardline.subscribe(Scribe(File::create(path).expect("a writable folder"))),
    }
    .main()
}

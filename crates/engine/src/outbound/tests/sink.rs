//! A peer that answers as a test wants it to.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Instant;

use bytes::BytesMut;
use socket2::SockRef;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use wardline_hl7::Message;
use wardline_mllp::{Commit, Decoded, Decoder, DecoderOptions};

use crate::outbound::testing::framed_reply;

/// What the sink does with one message.
#[derive(Debug, Clone)]
pub(super) enum Act {
    /// Answers with this code.
    Answer(&'static str),
    /// Writes these bytes.
    Write(Vec<u8>),
    /// Says nothing.
    Ignore,
    /// Closes without an answer.
    Close,
    /// Breaks the connection off.
    Reset,
    /// Shuts its side for writing and reads on.
    HalfClose,
    /// Answers AA and closes.
    AnswerAndClose,
}

/// One message that came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Got {
    /// Which connection, from 1.
    pub(super) connection: usize,
    pub(super) control_id: String,
    pub(super) at: Instant,
}

/// What the sink got so far.
#[derive(Clone, Default)]
pub(super) struct Log(Rc<RefCell<Vec<Got>>>, Rc<Cell<usize>>);

pub(super) struct Sink {
    pub(super) address: SocketAddr,
    pub(super) log: Log,
}

type Script = Rc<dyn Fn(&Got, usize) -> Act>;

impl Sink {
    /// A sink that asks `script` about each message, telling it how many came before of any connection.
    pub(super) async fn start(script: impl Fn(&Got, usize) -> Act + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        Self::serve(listener, script)
    }

    pub(super) fn serve(
        listener: TcpListener,
        script: impl Fn(&Got, usize) -> Act + 'static,
    ) -> Self {
        let address = listener.local_addr().expect("bound");
        let log = Log::default();
        let (script, sink): (Script, _) = (Rc::new(script), Self { address, log: log.clone() });
        actix_rt::spawn(async move {
            let mut connection = 0;
            while let Ok((stream, _)) = listener.accept().await {
                connection += 1;
                actix_rt::spawn(talk(stream, connection, Rc::clone(&script), log.clone()));
            }
        });
        sink
    }

    /// Answers AA to everything.
    pub(super) async fn good() -> Self {
        Self::start(|_, _| Act::Answer("AA")).await
    }

    pub(super) fn ids(&self) -> Vec<String> {
        self.log.all().into_iter().map(|got| got.control_id).collect()
    }

    pub(super) fn connections(&self) -> Vec<usize> {
        self.log.all().into_iter().map(|got| got.connection).collect()
    }
}

impl Log {
    pub(super) fn all(&self) -> Vec<Got> {
        self.0.borrow().clone()
    }

    /// How many commit blocks came.
    pub(super) fn commits(&self) -> usize {
        self.1.get()
    }

    pub(super) fn len(&self) -> usize {
        self.0.borrow().len()
    }
}

async fn talk(mut stream: TcpStream, connection: usize, script: Script, log: Log) {
    let mut decoder = Decoder::new(DecoderOptions::default());
    let mut buffer = BytesMut::new();
    while let Ok(1..) = stream.read_buf(&mut buffer).await {
        while let Ok(Some(Decoded::Frame(frame))) = decoder.decode(&mut buffer) {
            if Commit::read(&frame.payload).is_some() {
                log.1.set(log.1.get() + 1);
                continue;
            }
            let message = Message::parse(frame.payload.freeze()).expect("a message");
            let control_id = String::from_utf8_lossy(message.header().control_id()).into_owned();
            let got = Got { connection, control_id, at: Instant::now() };
            let before = log.len();
            log.0.borrow_mut().push(got.clone());
            let aa = framed_reply("AA", &got.control_id);
            let (bytes, goes_on) = match script(&got, before) {
                Act::Answer(code) => (framed_reply(code, &got.control_id), true),
                Act::Write(bytes) => (bytes, true),
                Act::AnswerAndClose => (aa, false),
                Act::Ignore => (Vec::new(), true),
                Act::Close => (Vec::new(), false),
                Act::Reset => {
                    let at_once = Some(std::time::Duration::ZERO);
                    SockRef::from(&stream).set_linger(at_once).expect("set");
                    (Vec::new(), false)
                }
                Act::HalfClose => {
                    stream.shutdown().await.expect("shut");
                    (Vec::new(), true)
                }
            };
            if stream.write_all(&bytes).await.is_err() || !goes_on {
                return;
            }
        }
    }
}
